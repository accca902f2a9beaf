import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { Actions, Storage } from '../session/store.ts';
import { Dialog } from './dialog.tsx';
import { StoredModels, StoredRoom } from './stored-models.tsx';

type Doors = Pick<Actions, 'storage' | 'clearStorage'>;

/** In every header: leads to what this device keeps of models. */
export function StoredButton({ actions }: { readonly actions: Doors }): VNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="quiet icon stored-open"
        aria-label="Stored on this device"
        title="Stored on this device"
        onClick={() => setOpen(true)}
        data-testid="stored-open"
      >
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <g fill="none" stroke="currentColor" stroke-width="1.6">
            <ellipse cx="10" cy="5" rx="6.2" ry="2.4" />
            <path d="M3.8 5v10c0 1.3 2.8 2.4 6.2 2.4s6.2-1.1 6.2-2.4V5M3.8 10c0 1.3 2.8 2.4 6.2 2.4s6.2-1.1 6.2-2.4" />
          </g>
        </svg>
      </button>
      {open && <Stored actions={actions} onClose={() => setOpen(false)} />}
    </>
  );
}

/** What this device keeps of models, how much room that takes, and the way to give the room back. */
function Stored({ actions, onClose }: { readonly actions: Doors; readonly onClose: () => void }): VNode {
  const [stored, setStored] = useState<Storage | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const outcome = useRef<HTMLParagraphElement>(null);
  const look = (): Promise<void> =>
    actions.storage().then(setStored, (error: unknown) => setProblem(messageOf(error)));
  useEffect(() => void look(), []);
  const clear = async (label?: string): Promise<void> => {
    setProblem(null);
    try {
      await actions.clearStorage(label);
      setSaid(label === undefined ? 'Everything is cleared.' : `${label} is cleared.`);
    } catch (error) {
      setProblem(messageOf(error));
    }
    await look();
    // The button that was pressed is gone with its model; its question gives the focus to itself where it stays.
    outcome.current?.focus();
  };
  return (
    <Dialog title="Stored on this device" onClose={onClose}>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {stored && <StoredRoom stored={stored} />}
      {stored && <StoredModels models={stored.models} clear={clear} />}
      <p class="soft" role="status" tabIndex={-1} ref={outcome}>
        {said}
      </p>
    </Dialog>
  );
}
