import { expect, test } from 'vitest';
import { askerAmong, checkFaults, parseFault, wordsOf } from './fault.ts';

test.each([
  ['kill:2@3', { kind: 'kill', device: 2, at: 3 }],
  ['kill:leader@0', { kind: 'kill', device: 'leader', at: 0 }],
  ['freeze:1@40:5', { kind: 'freeze', device: 1, at: 40, seconds: 5 }],
  ['corrupt:0@9', { kind: 'corrupt', device: 0, at: 9 }],
  ['partition:leader@7:12', { kind: 'partition', device: 'leader', at: 7, seconds: 12 }],
  ['server-restart@50', { kind: 'server-restart', at: 50 }],
])('"%s" is read, and written the same again', (text, fault) => {
  expect(parseFault(text)).toEqual(fault);
  expect(wordsOf(parseFault(text))).toBe(text);
});

test.each([
  ['kill', /must look like/],
  ['explode:1@3', /the kind must be .*"explode"/],
  ['kill:@3', /I \(or "leader"\) must be .*""/],
  ['kill@3', /I \(or "leader"\)/],
  ['kill:boss@3', /"boss"/],
  ['kill:99@3', /"99"/],
  ['kill:1@', /T must be .*""/],
  ['kill:1@-1', /T must be .*"-1"/],
  ['kill:1@3:5', /kill takes no seconds/],
  ['freeze:1@3', /SECONDS must be .*""/],
  ['freeze:1@3:0', /SECONDS must be .*"0"/],
  ['partition:1@3:long', /SECONDS must be .*"long"/],
  ['server-restart:1@3', /takes nothing but/],
])('"%s" is refused, and the bad part is named', (text, named) => {
  expect(() => parseFault(text)).toThrow(named);
});

test('a fault that cannot happen is refused', () => {
  const room = { devices: 3, edge: 0, answers: 10 };
  expect(() => checkFaults([parseFault('kill:3@1')], room)).toThrow(/kill:3@1.*I must be below 3/);
  expect(() => checkFaults([parseFault('kill:1@10')], room)).toThrow(/kill:1@10.*T must be below 10/);
  const all = ['kill:leader@1', 'freeze:1@2:3', 'kill:2@3'].map(parseFault);
  expect(() => checkFaults(all, room)).toThrow(/nobody is left/);
  expect(() => checkFaults(all.slice(1), room)).not.toThrow();
  const wider = { ...room, edge: 1 };
  expect(() => checkFaults([parseFault('kill:3@1')], wider)).not.toThrow();
  expect(() => checkFaults([parseFault('kill:4@1')], wider)).toThrow(/I must be below 4/);
  expect(() => checkFaults([parseFault('corrupt:3@1')], wider)).toThrow(/needs a device with a page/);
});

test('the last device that nothing happens to asks', () => {
  expect(askerAmong(3, [])).toBe(2);
  expect(askerAmong(3, [parseFault('kill:2@1'), parseFault('server-restart@1')])).toBe(1);
  expect(askerAmong(2, [parseFault('kill:leader@1')])).toBe(1);
});
