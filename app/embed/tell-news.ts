import type { Signal } from '@preact/signals';
import type { SessionState } from '../../core/session/state.ts';
import type { News } from './channel.ts';
import { viewDevice, viewLine, viewPlan, viewState } from './room-view.ts';

/** Loading tells its progress by the chunk; a site shows ten pictures a second at most. */
const EVERY_MS = 100;

/** Tells a site what changed in the room, at most ten times a second. Returns what tells the rest at once. */
export function tellNews(state: Signal<SessionState>, tell: (news: News) => void): () => void {
  const told = { state: '', devices: '', plan: 'null' };
  let line = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const pass = (): void => {
    clearTimeout(timer);
    timer = undefined;
    last = performance.now();
    const now = state.value;
    const views = {
      state: viewState(now),
      devices: now.devices.map(viewDevice),
      plan: viewPlan(now.plan),
    };
    const log = now.log
      .filter(({ id }) => id > line)
      .map(viewLine)
      .reverse();
    line = log.at(-1)?.id ?? line;
    const changed = (Object.keys(views) as (keyof typeof views)[]).filter((part) => {
      const text = JSON.stringify(views[part]);
      if (text === told[part]) return false;
      told[part] = text;
      return true;
    });
    if (changed.length === 0 && log.length === 0) return;
    const parts = Object.fromEntries(changed.map((part) => [part, views[part]]));
    tell({ ...parts, ...(log.length > 0 && { log }) });
  };
  state.subscribe(() => {
    const wait = last + EVERY_MS - performance.now();
    if (wait <= 0) pass();
    else timer ??= setTimeout(pass, wait);
  });
  return pass;
}
