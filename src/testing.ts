/** The testing door: what a plugin must pass. Free of any test framework. */

export {
  type SchedulerConformanceCase,
  type SchedulerConformanceOptions,
  schedulerConformance,
} from './testing/scheduler-conformance.js';
