import { describe, expect, test } from 'vitest';
import type { DeviceState, LinkView, SessionState } from '../../core/session/state.ts';
import { SCENES } from './fixtures/scenes.ts';
import { busyInWords, linkSummary, occupation, whyNotYet } from './select.ts';

function scene(name: string): SessionState {
  const made = SCENES[name]?.();
  if (!made) throw new Error(`no scene ${name}`);
  return made;
}

function linked(...kinds: LinkView['kind'][]): SessionState {
  const state = scene('room');
  const devices = kinds.flatMap((kind, i) => {
    const device = state.devices[i];
    return device ? [{ ...device, link: { ...device.link, kind } }] : [];
  });
  return { ...state, devices };
}

describe('the link summary names the most pressing thing', () => {
  test.each([
    [['self'], '1 device'],
    [['self', 'direct', 'direct'], '3 devices, all linked'],
    [['self', 'direct', 'relayed'], '3 devices, 1 relayed'],
    [['self', 'direct', 'turn'], '3 devices, 1 through TURN'],
    [['self', 'turn', 'relayed'], '3 devices, 1 relayed'],
    [['self', 'relayed', 'connecting'], '3 devices, linking 1'],
    [['self', 'lost', 'connecting'], '3 devices, 1 out of reach'],
  ] as const)('%j reads "%s"', (kinds, text) => {
    expect(linkSummary(linked(...kinds)).text).toBe(text);
  });

  test('a server that is away comes first', () => {
    expect(linkSummary({ ...linked('self', 'lost'), server: 'away' }).text).toBe(
      '2 devices, signaling server away',
    );
  });
});

describe('what a device is doing', () => {
  const kindOf = (state: SessionState): string[] =>
    state.devices.map((device: DeviceState) => occupation(device, state.plan).kind);

  test('measuring, loading, holding a stage, left out, refused', () => {
    expect(kindOf(scene('measuring'))).toEqual(['measuring', 'measuring']);
    expect(kindOf(scene('loading'))).toEqual(['loading', 'loading', 'loading', 'stage']);
    expect(kindOf(scene('troubled'))).toEqual(['stage', 'left-out', 'refused', 'stage']);
    expect(kindOf({ ...scene('room'), plan: null })).toEqual(['idle', 'idle', 'idle', 'idle']);
  });
});

test('one can ask exactly when the plan runs', () => {
  expect(whyNotYet(scene('room'))).toBeNull();
  expect(whyNotYet(scene('loading'))).toBe('Layers are on their way…');
  expect(whyNotYet(scene('preparing'))).toBe('Measuring the model…');
  expect(whyNotYet(scene('measuring'))).toBe('Opening the model…');
  expect(whyNotYet(scene('failed'))).toBe('No model is open');
  expect(whyNotYet(scene('leaderless'))).toBe('The room is not open');
});

test('the load line has a text alternative', () => {
  const report = scene('room').devices[0]?.load;
  if (!report) throw new Error('the scene has no device');
  expect(busyInWords([])).toBe('No load measured yet');
  expect(busyInWords([0.2, 0.9, 0.4].map((busy) => ({ ...report, busy })))).toBe(
    'Busy over the last 3 seconds: now 40%, on average 50%, at most 90%',
  );
});
