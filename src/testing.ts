/** The testing door: what a plugin must pass. Free of any test framework. */

export { backendConformance } from './testing/backend-conformance.js';
export type { ConformanceCase } from './testing/conformance.js';
export { type SchedulerConformanceOptions, schedulerConformance } from './testing/scheduler-conformance.js';
