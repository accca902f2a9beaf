import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { inUrl, lanAddresses, ownNames } from './addresses.ts';

function info(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

const INTERFACES = {
  lo: [info('127.0.0.1', true), info('::1', true)],
  docker0: [info('172.17.0.1')],
  'br-4f2a': [info('172.18.0.1')],
  wlan0: [info('fe80::1'), info('fd00::5'), info('192.168.1.20')],
  eth9: [info('169.254.3.4')],
};

test('what a phone can reach comes first; virtual networks last; link-local never', () => {
  expect(lanAddresses(INTERFACES)).toEqual(['192.168.1.20', 'fd00::5', '172.17.0.1', '172.18.0.1']);
});

test('a machine answers to its name, its .local name and all its addresses', () => {
  expect(ownNames(INTERFACES, 'Laptop.local')).toEqual([
    'localhost',
    'laptop',
    'laptop.local',
    '127.0.0.1',
    '::1',
    '192.168.1.20',
    'fd00::5',
    '172.17.0.1',
    '172.18.0.1',
  ]);
  expect(ownNames({}, 'my laptop_1')).toEqual(['localhost', '127.0.0.1', '::1']);
});

test('IPv6 stands in brackets', () => {
  expect([inUrl('fd00::5'), inUrl('192.168.1.20')]).toEqual(['[fd00::5]', '192.168.1.20']);
});
