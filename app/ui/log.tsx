import type { VNode } from 'preact';
import type { DeviceState, LogEntry } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { clock } from './format.ts';
import { lazy } from './lazy.tsx';
import { colourOf, deviceOf } from './select.ts';

const LogTools = lazy(async () => (await import('./log-tools.tsx')).LogTools);

/** That the model is ready and runs is nothing to take away, and no reason to load how. */
const QUIET_LINES = 2;

/** What happened, newest first, each line in the colour of the device it is about. */
export function Log({
  log,
  devices,
  saveTrace,
}: {
  readonly log: readonly LogEntry[];
  readonly devices: readonly DeviceState[];
  readonly saveTrace: Actions['saveTrace'];
}): VNode {
  return (
    <section class="card log-card" aria-labelledby="log-title">
      <div class="log-head">
        <h2 id="log-title">What happened</h2>
        <span class="spring" />
        {log.length > QUIET_LINES && <LogTools log={log} saveTrace={saveTrace} />}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <div class="log-scroll" role="log" aria-labelledby="log-title" tabIndex={0}>
        {log.length === 0 && <p class="soft">Nothing yet. Bring a device and it will show here.</p>}
        <ul class="log">
          {log.map((entry) => (
            <li key={entry.id} data-testid="log-entry" data-tone={entry.tone}>
              <i
                class="dot"
                style={{
                  background: entry.peer ? colourOf(deviceOf(devices, entry.peer)) : 'transparent',
                }}
              />
              <time dateTime={new Date(entry.at).toISOString()}>{clock(entry.at)}</time> <b>{entry.what}</b>{' '}
              {entry.more}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
