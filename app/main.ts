import { signal } from '@preact/signals';
import { messageOf } from '../core/errors.ts';
import type { PeerId } from '../core/ids.ts';
import { initialState } from '../core/session/reduce.ts';
import type { EndReason } from '../core/session/state.ts';
import { loadAhead } from './ahead.ts';
import { closedStore } from './session/closed-store.ts';
import { enter } from './session/enter.ts';
import { takePlace } from './session/place.ts';
import { programs } from './session/programs.ts';
import { mount } from './ui/app.tsx';

/** The composition root: finds out where this tab is, makes the session, shows it. */
async function main(root: HTMLElement): Promise<void> {
  const end = (reason: EndReason, message: string): void => {
    const state = signal({
      ...initialState('' as PeerId),
      phase: { kind: 'ended' as const, reason, message },
    });
    mount(root, closedStore(state));
  };
  if (!isSecureContext)
    return end('insecure', 'This address is not secure, so the browser withholds what Potluck needs.');
  const place = await takePlace();
  if (!place) return end('wrong-secret', 'A part of the link is missing.');
  try {
    const session = await enter(place);
    Object.assign(window, { potluck: programs(session) });
    mount(root, session);
    loadAhead(session.state);
  } catch (error) {
    end('protocol', messageOf(error));
  }
}

const root = document.getElementById('app');
if (root) void main(root);
