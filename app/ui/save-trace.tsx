import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Actions } from '../session/store.ts';

/** So long the button says what came of it. */
const SAID_MS = 4000;

/** Saves what all devices did lately, for a viewer of traces; says who did not answer. */
export function SaveTrace({ save }: { readonly save: Actions['saveTrace'] }): VNode {
  const [words, setWords] = useState<string | undefined>(undefined);
  const press = async (): Promise<void> => {
    setWords('Asking everybody…');
    const said = await save().then(
      (missing) => (missing.length === 0 ? 'Saved' : `Saved without ${missing.join(', ')}`),
      () => 'Could not be saved',
    );
    setWords(said);
    setTimeout(() => setWords(undefined), SAID_MS);
  };
  return (
    <button
      type="button"
      class="link"
      disabled={words !== undefined}
      title="What each device did, and when, as a file for Perfetto or speedscope"
      onClick={() => void press()}
      aria-live="polite"
      data-testid="save-trace"
    >
      {words ?? 'Save trace'}
    </button>
  );
}
