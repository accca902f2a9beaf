import type { VNode } from 'preact';
import { useState } from 'preact/hooks';

/** So long the button says that it worked. */
const SAID_MS = 1500;

/** Copies a text, which may be made only then, and says whether it did. */
export function CopyButton({ text }: { readonly text: string | (() => string) }): VNode {
  const [words, setWords] = useState('Copy');
  const copy = async (): Promise<void> => {
    const copied = typeof text === 'string' ? text : text();
    const done = await navigator.clipboard.writeText(copied).then(
      () => 'Copied',
      () => 'Not allowed',
    );
    setWords(done);
    setTimeout(() => setWords('Copy'), SAID_MS);
  };
  return (
    <button type="button" class="link" onClick={() => void copy()} aria-live="polite">
      {words}
    </button>
  );
}
