import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Actions } from '../session/store.ts';
import { lazy } from './lazy.tsx';

const StoredDialog = lazy(async () => (await import('./stored-dialog.tsx')).StoredDialog);

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
      {open && <StoredDialog actions={actions} onClose={() => setOpen(false)} />}
    </>
  );
}
