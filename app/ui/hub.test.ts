import { expect, test } from 'vitest';
import type { DeviceState } from '../../core/session/state.ts';
import type { HubEntry } from '../session/store.ts';
import { groupHub, lacking } from './hub.ts';

function entry(id: string, purpose: string, aboutBytes: number): HubEntry {
  return { id, title: id, purpose, about: '', repository: '', licence: '', aboutBytes };
}

function lending(memoryBytes: number | null, status = 'ready'): DeviceState {
  return { card: { status, profile: memoryBytes === null ? null : { memoryBytes } } } as DeviceState;
}

test('purposes keep their order, and the smallest model of each comes first', () => {
  const groups = groupHub([entry('b', 'Speech', 2), entry('c', 'Images', 9), entry('a', 'Speech', 1)]);
  expect(groups.map(({ purpose, entries }) => [purpose, ...entries.map(({ id }) => id)])).toEqual([
    ['Speech', 'a', 'b'],
    ['Images', 'c'],
  ]);
});

test('a model that the devices hold together lacks nothing', () => {
  expect(lacking(100, [lending(50), lending(50)])).toBeNull();
});

test('what a large model lacks is counted in devices like those that are there', () => {
  expect(lacking(101, [lending(50), lending(50)])).toBe('needs about 1 more device like these');
  expect(lacking(250, [lending(50), lending(50)])).toBe('needs about 3 more devices like these');
  expect(lacking(250, [lending(100)])).toBe('needs about 2 more devices like this');
});

test('devices that hold nothing lend nothing, and before the first is measured nobody knows', () => {
  expect(lacking(100, [lending(90), lending(90, 'refused')])).toBe('needs about 1 more device like this');
  expect(lacking(100, [lending(null, 'measuring')])).toBeNull();
});
