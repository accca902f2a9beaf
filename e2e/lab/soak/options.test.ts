import { expect, test } from 'vitest';
import { parseSoakOptions } from './options.ts';

test('what is not said is half an hour with five devices', () => {
  expect(parseSoakOptions([])).toEqual({
    minutes: 30,
    devices: 5,
    every: 20,
    conversations: 4,
    seed: 0,
    victims: 'all',
    idle: false,
  });
});

test.each([
  ['--minutes 0', /--minutes/],
  ['--devices 2', /--devices/],
  ['--every often', /--every.*"often"/],
  ['--conversations 9', /--conversations/],
  ['--seed -1', /--seed/],
  ['--victims some', /--victims.*"some"/],
  ['--hours 3', /--hours/],
])('"%s" is refused, and the option is named', (said, named) => {
  expect(() => parseSoakOptions(said.split(' '))).toThrow(named);
});
