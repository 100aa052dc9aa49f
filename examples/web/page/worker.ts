/** The worker that the pipeline lives in: everything heavy happens here. */
import { type OrtWebOptions, ortWeb } from 'animatediff-js/web';
import { servePipeline } from 'animatediff-js/worker';

servePipeline<OrtWebOptions>((options) => ortWeb(options));
