import { expect, test } from 'vitest';
import type { PeerId } from '../core/ids.ts';
import type { SessionEvent } from '../core/session/events.ts';
import { initialState, reduce } from '../core/session/reduce.ts';
import type { DeviceCard, DeviceProfile, PlanView } from '../core/session/state.ts';
import { decodeTerminalQr } from '../e2e/qr.ts';
import { invitation, newsOf, STOPPED } from './terminal.ts';

const ME = 'a'.repeat(16) as PeerId;
const OTHER = 'b'.repeat(16) as PeerId;

const card = (peer: PeerId, more: Partial<DeviceCard> = {}): DeviceCard => ({
  peer,
  name: peer === ME ? 'Edge' : 'Laptop',
  browser: 'Node',
  platform: 'Linux',
  form: 'server',
  status: 'measuring',
  progress: null,
  refusal: null,
  profile: null,
  hidden: false,
  ...more,
});

/** The lines that these events are worth, one after another. */
function told(...events: readonly SessionEvent[]): string[] {
  let state = initialState(ME);
  return events.flatMap((event) => {
    const before = state;
    state = reduce(before, event);
    return newsOf(before, state);
  });
}

test('a link is shown as text and as a code that a phone reads, with colours and without', () => {
  const link = 'https://192.168.1.7:8443/r/amber-fox-42#AAAAAAAAAAAAAAAAAAAAAA';
  const shown = invitation(link, false);
  expect(decodeTerminalQr(shown)).toBe(link);
  expect(shown).toContain(`open  ${link}`);
  expect(invitation(link, true)).toContain('\x1b[97;40m');
});

test('tells of the room, of the measurement, and of each change of its layers', () => {
  const profile: DeviceProfile = {
    provider: 'cpu',
    threads: 4,
    runtime: 'node',
    benchMs: 2.94,
    tried: [],
    memoryBytes: 12e9,
    adapter: null,
  };
  const plan = (mine: boolean): PlanView =>
    ({
      ...{ epoch: mine ? 1 : 2, status: 'running', mode: 'everyone', blocks: 3, leftOut: [] },
      stages: [
        { peer: OTHER, start: 0, end: 1, predictedMs: 1 },
        { peer: mine ? ME : OTHER, start: 1, end: 3, predictedMs: 1 },
      ],
    }) as unknown as PlanView;
  const lines = told(
    { type: 'RoomEntered', leader: OTHER, at: 0 },
    { type: 'CardChanged', card: card(ME), at: 0 },
    { type: 'CardChanged', card: card(OTHER), at: 1 },
    { type: 'CardChanged', card: card(ME, { status: 'ready', profile }), at: 2 },
    { type: 'PlanChanged', plan: plan(true), at: 3 },
    { type: 'PlanChanged', plan: plan(false), at: 4 },
    { type: 'SessionEnded', reason: 'left', message: STOPPED },
  );
  expect(lines).toContain('In the room.');
  expect(lines).toContain('Laptop joined. Node · Linux');
  expect(lines).toContain('Measured: 2.9 ms for 16 digits on 4 threads; 12.0 GB for layers.');
  expect(lines).toContain('Holds layers 2 to 3 of 3.');
  expect(lines).toContain('Holds no layers now.');
  expect(lines.at(-1)).toBe('Stopped.');
  expect(new Set(lines).size).toBe(lines.length);
});

test('says why it holds nothing', () => {
  const refused = card(ME, { status: 'refused', refusal: 'The self-test came out wrong.' });
  const lines = told(
    { type: 'CardChanged', card: card(ME), at: 0 },
    { type: 'CardChanged', card: refused, at: 1 },
  );
  expect(lines).toContain('Holds nothing: The self-test came out wrong.');
});
