import type { VNode } from 'preact';
import type { DeviceState } from '../../core/session/state.ts';
import type { HubEntry } from '../session/store.ts';
import { bytes } from './format.ts';
import { groupHub, lacking } from './hub.ts';

interface Props {
  readonly entries: readonly HubEntry[];
  readonly devices: readonly DeviceState[];
  readonly choose: (entry: HubEntry) => void;
}

/** Well-known models by purpose; the heading of a purpose stays in sight while its models scroll by. */
export function HubList({ entries, devices, choose }: Props): VNode | null {
  if (entries.length === 0) return null;
  return (
    <section aria-labelledby="hub-title" data-testid="hub">
      <h3 id="hub-title">Well-known models</h3>
      <p class="soft">From a public hub. Devices fetch them from there themselves, each only its part.</p>
      {groupHub(entries).map(({ purpose, entries }) => (
        <div key={purpose} class="purpose">
          <h4>{purpose}</h4>
          <ul class="choices">
            {entries.map((entry) => (
              <li key={entry.id}>
                <Choice entry={entry} lacking={lacking(entry.aboutBytes, devices)} choose={choose} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function Choice({
  entry,
  lacking,
  choose,
}: Pick<Props, 'choose'> & { readonly entry: HubEntry; readonly lacking: string | null }): VNode {
  return (
    <button type="button" onClick={() => choose(entry)} data-hub={entry.id}>
      <b>{entry.title}</b> <span class="soft">about {bytes(entry.aboutBytes)}</span>
      <span class="soft block">{entry.about}</span>
      {lacking && <span class="lacking block">Large for this room: {lacking}.</span>}
      <span class="soft block origin">
        {entry.licence} · {entry.repository}
      </span>
    </button>
  );
}
