import type { ModelSource } from 'animatediff-js';
import { byId } from './dom.js';
import { droppedSources } from './picked-files.js';

/** Takes files that are dropped anywhere on the page. */
export function acceptDrops(take: (sources: readonly ModelSource[]) => void): void {
  const veil = byId('drop-veil', HTMLElement);
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  // Entering a child comes before leaving its parent.
  let depth = 0;

  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth++;
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth--;
    if (depth <= 0) veil.hidden = true;
  });
  addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    void droppedSources(event.dataTransfer).then(take);
  });
}
