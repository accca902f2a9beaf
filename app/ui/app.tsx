import { render, type VNode } from 'preact';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions, Store } from '../session/store.ts';
import { Announcer } from './announcer.tsx';
import { lazy } from './lazy.tsx';
import { useMedia } from './media.ts';
import { Notices } from './notices.tsx';
import { PhasePage } from './phase-page.tsx';
import { Room } from './room.tsx';
import { ownDevice } from './select.ts';
import { shown } from './shown.ts';
import { startTheme } from './theme.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/layout.css';
import '../styles/chain.css';
import '../styles/modes.css';
import '../styles/device.css';
import '../styles/ask.css';
import '../styles/models.css';

/** A small screen that does not lead; the whole room's view serves as well where this one's code does not come. */
const Follower = lazy(async () => (await import('./follower.tsx')).Follower, PhasePage, Room);

/** Puts the page into `root` and keeps it in step with the store. */
export function mount(root: HTMLElement, store: Store): void {
  startTheme();
  const state = shown(store.state);
  render(<App state={state} actions={store.actions} />, root);
}

function App({
  state,
  actions,
}: {
  readonly state: { readonly value: SessionState };
  readonly actions: Actions;
}): VNode {
  const now = state.value;
  return (
    <>
      <Screen state={now} actions={actions} />
      <Announcer state={now} />
      <Notices notices={now.notices} dismiss={actions.dismiss} />
    </>
  );
}

function Screen({ state, actions }: { readonly state: SessionState; readonly actions: Actions }): VNode {
  const small = useMedia('(max-width: 640px)');
  const own = ownDevice(state);
  if (state.phase.kind !== 'open') return <PhasePage state={state} actions={actions} />;
  if (!small || state.me === state.leader) return <Room state={state} actions={actions} />;
  return own ? (
    <Follower state={state} actions={actions} own={own} />
  ) : (
    <PhasePage state={state} actions={actions} />
  );
}
