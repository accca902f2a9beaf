import { expect, it } from 'vitest';
import { parseBenchOptions } from './options.ts';

it('runs all sections when none is named, and only those that are', () => {
  const all = [
    'splitting',
    'loading',
    'predict',
    'left-out',
    'follow',
    'replicas',
    'conversations',
    'token-cost',
    'kept-memory',
    'server',
    'capacity',
    'audit',
  ];
  expect(parseBenchOptions([]).sections).toEqual(all);
  expect(parseBenchOptions(['--replicas', '--left-out']).sections).toEqual(['left-out', 'replicas']);
});

it('leaves out what is measured no times', () => {
  expect(parseBenchOptions(['--splitting', '--loading', '--rounds', '0']).sections).toEqual(['loading']);
  expect(parseBenchOptions(['--loads', '0']).sections).not.toContain('loading');
});

it.each([
  [['--rounds', 'many'], /--rounds/],
  [['--tabs', '0'], /--tabs/],
  [['--processes', 'two'], /--processes/],
  [['--fast'], /--fast/],
])('refuses %s and names the option', (said, named) => {
  expect(() => parseBenchOptions(said)).toThrow(named);
});
