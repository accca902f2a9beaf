import { expect, test } from 'vitest';
import { ProtocolError } from '../../core/errors.ts';
import type { PeerId } from '../../core/ids.ts';
import type { SessionEvent } from '../../core/session/events.ts';
import { tellShownOut } from './show-out.ts';

const peer = 'd'.repeat(16) as PeerId;
const error = new ProtocolError('It is malformed.', { step: 'read', expected: 'JSON', actual: 'noise' });

async function told(load?: Parameters<typeof tellShownOut>[1]): Promise<string[]> {
  const said: string[] = [];
  const emit = (event: SessionEvent): void =>
    void (event.type === 'NoticeRaised' && said.push(event.message));
  await tellShownOut({ devices: [], peer, error, emit }, load);
  return said;
}

test('the person is told who went and why, once', async () => {
  expect(await told()).toEqual([expect.stringMatching(/^A device broke the protocol.*expected JSON/)]);
  expect(await told()).toEqual([]);
});

test('the person is told in few words where the code for more does not come', async () => {
  const gone = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'));
  expect(await told(gone)).toEqual(['A device broke the protocol and was disconnected.']);
});
