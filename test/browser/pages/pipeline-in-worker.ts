import { type OrtWebOptions, ortWeb } from 'animatediff-js/web';
import { servePipeline } from 'animatediff-js/worker';

servePipeline((options: OrtWebOptions) => ortWeb(options));
