import { AnimateDiffError } from '../../core/errors.js';
import { quoted } from './container-error.js';

/** The error of asking a store for a name that it has not. */
export function missingTensor(file: string, name: string): AnimateDiffError {
  return new AnimateDiffError('weights-mismatch', `${file} has no tensor ${quoted(name)}`, {
    details: { file, tensor: name },
  });
}
