/** Something the user should know that does not stop the work. Warnings are data: returned and emitted, never printed. */
export interface Warning {
  /** Stable identifier to branch on, such as `scheduler-contradicts-module`. */
  readonly code: string;
  /** A sentence for people: what was found and what to expect or do. */
  readonly message: string;
}
