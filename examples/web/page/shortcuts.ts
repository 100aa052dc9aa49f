/** What keys do on this page. */
export interface Shortcuts {
  generate(): void;
  cancel(): void;
  toggle(): void;
  step(by: number): void;
}

/** Keys that work wherever nothing else wants them. */
export function listenToKeys({ generate, cancel, toggle, step }: Shortcuts): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      generate();
    } else if (event.key === 'Escape') {
      cancel();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !wantsKeys(event.target)) {
      if (event.key === ' ') toggle();
      else if (event.key === 'ArrowLeft') step(-1);
      else if (event.key === 'ArrowRight') step(1);
      else return;
      event.preventDefault();
    }
  });
}

function wantsKeys(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, button, summary, a, [role="alert"]') !== null
  );
}
