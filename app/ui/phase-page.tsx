import type { ComponentChildren, VNode } from 'preact';
import type { EndReason, SessionPhase, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Logo, ThemeSwitch } from './header.tsx';

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
}

/** Everything that is not an open room: one sentence on what is so, one on what to do. */
export function PhasePage({ state, actions }: Props): VNode {
  return (
    <>
      <header class="slim-head">
        <h1>
          <Logo />
        </h1>
        <span class="spring" />
        <ThemeSwitch />
      </header>
      <main class="phase">
        <Words state={state} actions={actions} phase={state.phase} />
      </main>
    </>
  );
}

function Words({ state, actions, phase }: Props & { readonly phase: SessionPhase }): VNode {
  const leave = (
    <button type="button" onClick={actions.leave} data-testid="leave">
      Leave
    </button>
  );
  const fresh = (
    <button type="button" class="main" onClick={actions.newRoom} data-testid="new-room">
      Open a new room
    </button>
  );
  switch (phase.kind) {
    case 'opening':
      return <Page title="Opening the room" more="One moment." waiting />;
    case 'knocking':
      return (
        <Page
          title="Waiting for the leader to let you in"
          more={`You have knocked at room ${state.room}.`}
          waiting
        >
          {leave}
        </Page>
      );
    case 'leaderless':
      return (
        <Page
          title="The leader’s page is away"
          more={`Room ${state.room} waits for it. When it comes back, everything goes on by itself.`}
          waiting
        >
          {leave}
          {fresh}
        </Page>
      );
    case 'ended':
      return (
        <div data-testid="ended" data-reason={phase.reason} role="alert">
          <Page title={ENDINGS[phase.reason].title} more={ENDINGS[phase.reason].next} detail={phase.message}>
            {ENDINGS[phase.reason].again && (
              <button type="button" onClick={() => location.reload()}>
                {ENDINGS[phase.reason].again}
              </button>
            )}
            {phase.reason !== 'insecure' && fresh}
          </Page>
        </div>
      );
    case 'open':
      return <Page title="Joining the room" more="One moment." waiting />;
  }
}

function Page(props: {
  readonly title: string;
  readonly more: string;
  readonly detail?: string;
  readonly waiting?: boolean;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="phase-page" role={props.waiting ? 'status' : undefined}>
      <span class={props.waiting ? 'dots waiting' : 'dots'} aria-hidden="true">
        <i style={{ background: 'var(--d1)' }} />
        <i style={{ background: 'var(--d2)' }} />
        <i style={{ background: 'var(--d3)' }} />
      </span>
      <h2>{props.title}</h2>
      {props.detail && <p class="detail">{props.detail}</p>}
      <p class="soft">{props.more}</p>
      <div class="buttons">{props.children}</div>
    </div>
  );
}

const ENDINGS: Readonly<Record<EndReason, { title: string; next: string; again?: string }>> = {
  'wrong-secret': {
    title: 'This link does not open the room',
    next: 'Part of it may be missing or old. Scan the QR code on the leader’s screen again, or open a room of your own.',
  },
  'no-such-room': {
    title: 'This room is closed',
    next: 'Nobody is there any more. Ask for a new link, or open a room of your own.',
  },
  'room-full': {
    title: 'The room is full',
    next: 'Try again when a device has left, or open a room of your own.',
    again: 'Try again',
  },
  denied: {
    title: 'Not this time',
    next: 'The leader did not let this device in. Ask the leader, then try again.',
    again: 'Knock again',
  },
  left: {
    title: 'You have left the room',
    next: 'Its link still works if you want to come back.',
    again: 'Come back',
  },
  replaced: {
    title: 'Open in another tab',
    next: 'This device went on in another tab or window. This one can be closed.',
  },
  insecure: {
    title: 'This page needs a secure address',
    next: 'Browsers lend the camera, the graphics card and threads only to https pages. Open the address that begins with https, and accept its certificate once.',
  },
  protocol: {
    title: 'This page and the room do not understand each other',
    next: 'One of the two is probably older. Reload this page; if that does not help, reload the leader’s.',
    again: 'Reload',
  },
};
