import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Dialog } from './dialog.tsx';
import { QrCode } from './qr.tsx';

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
}

/** How long "Copied" stays: long enough to be read and heard. */
const COPIED_MS = 2500;

export function InviteCard({ state, actions }: Props): VNode {
  return (
    <section class="card" aria-labelledby="invite-title">
      <h2 id="invite-title">Bring a device</h2>
      <InvitePanel state={state} actions={actions} />
    </section>
  );
}

/** Opens the same as a dialog, with a larger code: for small screens, and to hold up to others. */
export function InviteButton({ state, actions, main }: Props & { readonly main?: boolean }): VNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class={main ? 'main' : ''} onClick={() => setOpen(true)} data-testid="invite">
        Invite
      </button>
      {open && (
        <Dialog title="Bring a device" onClose={() => setOpen(false)}>
          <InvitePanel state={state} actions={actions} />
        </Dialog>
      )}
    </>
  );
}

/** The QR code, the address to type, and the ways to bring one more device. */
function InvitePanel({ state, actions }: Props): VNode {
  const { text, place } = shortLink(state.link);
  return (
    <div class="invite">
      <QrCode text={state.link} />
      <p class="soft centre">
        Scan with a phone camera, or open
        <b class="room-link" data-testid="room-link" data-link={state.link}>
          <span>{place}</span>
          <span>{text}</span>
        </b>
      </p>
      <CopyLink link={state.link} />
      <button type="button" onClick={actions.addLocalDevice} data-testid="add-device">
        Add a device on this computer
      </button>
      {state.me === state.leader && (
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            aria-checked={state.askFirst}
            checked={state.askFirst}
            onChange={(event) => actions.setAskFirst(event.currentTarget.checked)}
          />
          <span>Ask me before a device joins</span>
        </label>
      )}
    </div>
  );
}

function CopyLink({ link }: { readonly link: string }): VNode {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), COPIED_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      setOutcome('copied');
    } catch {
      // Some browsers allow it only in a secure context or after a question; the address bar has the link too.
      setOutcome('refused');
    }
  };
  return (
    <button type="button" onClick={() => void copy()} data-testid="copy-link">
      <span aria-live="polite">
        {outcome === 'copied'
          ? '✓ Link copied'
          : outcome === 'refused'
            ? 'Please copy the address bar'
            : 'Copy link'}
      </span>
    </button>
  );
}

/** The link as people read it: without scheme and without the secret. */
function shortLink(link: string): { place: string; text: string } {
  const { host, pathname } = new URL(link);
  return { place: host, text: pathname };
}
