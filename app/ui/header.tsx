import type { VNode } from 'preact';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { InviteButton } from './invite.tsx';
import { linkSummary } from './select.ts';
import { StoredButton } from './stored.tsx';
import { theme, toggleTheme } from './theme.ts';

/** The three dots and the name. */
export function Logo(): VNode {
  return (
    <span class="logo">
      <i style={{ background: 'var(--d1)' }} />
      <i style={{ background: 'var(--d2)' }} />
      <i style={{ background: 'var(--d3)' }} />
      Potluck
    </span>
  );
}

export function ThemeSwitch(): VNode {
  const dark = theme.value === 'dark';
  return (
    <button
      type="button"
      class="quiet icon"
      aria-label={dark ? 'Use light colours' : 'Use dark colours'}
      onClick={toggleTheme}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
      </svg>
    </button>
  );
}

/** Top line of the room: where one is, whether all is well, and the two ways out: invite and leave. */
export function Header({
  state,
  actions,
}: {
  readonly state: SessionState;
  readonly actions: Actions;
}): VNode {
  const link = linkSummary(state);
  return (
    <header>
      <h1>
        <Logo />
      </h1>
      <span class="pill room-pill">
        Room <b>{state.room}</b>
      </span>
      <span class="pill link-pill" role="status" data-tone={link.tone}>
        <i class="light" />
        {link.text}
      </span>
      <span class="spring" />
      <StoredButton actions={actions} />
      <ThemeSwitch />
      <button type="button" onClick={actions.leave} data-testid="leave">
        Leave
      </button>
      <InviteButton state={state} actions={actions} main />
    </header>
  );
}
