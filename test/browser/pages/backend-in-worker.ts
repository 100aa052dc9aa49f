import { ortWeb } from 'animatediff-js/web';
import { serveBackend } from 'animatediff-js/worker';

serveBackend(ortWeb({ device: 'wasm' }));
