/** What an experiment has found. */
export interface Experiment {
  readonly title: string;
  /** Numbers by name, for `--json`. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Its part of the report, as HTML. */
  readonly html: string;
}

/** What experiments are told. */
export interface ExperimentOptions {
  /** Animations of a measurement. */
  readonly seeds: number;
}
