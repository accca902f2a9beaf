import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { Actions, Storage } from '../session/store.ts';
import { Dialog } from './dialog.tsx';
import { StoredModels, StoredRoom } from './stored-models.tsx';

interface Props {
  readonly actions: Pick<Actions, 'storage' | 'clearStorage'>;
  readonly onClose: () => void;
}

/** What this device keeps of models, how much room that takes, and the way to give the room back. */
export function StoredDialog({ actions, onClose }: Props): VNode {
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
