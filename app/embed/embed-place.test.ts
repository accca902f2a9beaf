import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { embedPlace } from './embed-place.ts';
import { giveStorage } from './give-storage.ts';

const SECRET = 'c2VjcmV0LXNlY3JldC1zZQ';
const LINK = `https://potluck.example/r/maple-otter-42#${SECRET}`;

describe('the room that a site means', () => {
  beforeEach(() => {
    const storage: { localStorage?: Storage; sessionStorage?: Storage } = {};
    giveStorage(storage);
    const { origin, hostname, protocol, href } = new URL('https://potluck.example/embed.html');
    vi.stubGlobal('location', { origin, hostname, protocol, href });
    vi.stubGlobal('navigator', { locks: { request: async () => Promise.reject(new Error('withheld')) } });
    vi.stubGlobal('localStorage', storage.localStorage);
    vi.stubGlobal('sessionStorage', storage.sessionStorage);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('is that of the link', async () => {
    const place = await embedPlace(LINK);
    expect(place).toMatchObject({ address: LINK, isNew: false, identity: { leads: false } });
    expect(place.link).toEqual({ room: 'maple-otter-42', secret: SECRET });
  });

  it('is a new one without a link, which this device leads', async () => {
    const place = await embedPlace(null);
    expect(place).toMatchObject({ isNew: true, identity: { leads: true } });
    expect(place.address).toBe(`https://potluck.example/r/${place.link.room}#${place.link.secret}`);
  });

  it.each([
    ['no address', `maple-otter-42#${SECRET}`, 'That is no link to a room.'],
    ['no room', `https://potluck.example/#${SECRET}`, 'That is no link to a room.'],
    [
      'a link without its secret',
      'https://potluck.example/r/maple-otter-42',
      'A part of the link is missing.',
    ],
    [
      'a link to another server',
      LINK.replace('potluck.', 'other.'),
      'https://other.example: import potluck.js',
    ],
  ])('is none where the link is %s, and the error keeps the secret', async (_what, link, said) => {
    const error: Error = await embedPlace(link).then(
      () => new Error('It was taken.'),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ name: 'InputError', message: expect.stringContaining(said) });
    expect(JSON.stringify([error.message, error])).not.toContain(SECRET);
  });
});
