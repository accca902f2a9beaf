import { InputError } from '../../core/errors.ts';
import { readRoomLink } from '../../core/room-link.ts';
import { returningOrNew } from '../session/identity.ts';
import { newPlace, originForOthers, type Place } from '../session/place.ts';

/**
 * The room that an embedding site means: a new one, or that of a link. The frame's own address stays as it is, so that
 * no room is in it. @throws InputError for what is no link to a room of this server.
 */
export async function embedPlace(link: string | null): Promise<Place> {
  const origin = await originForOthers();
  if (link === null) return newPlace(origin);
  const address = URL.canParse(link) ? new URL(link) : undefined;
  const found = address && readRoomLink(address);
  const data = { step: 'read the link', expected: `${origin}/r/…#…` };
  // What was given may be a link with its secret: it is not repeated.
  if (!address || !found) {
    throw new InputError('That is no link to a room.', { ...data, actual: 'something else' });
  }
  if (found === 'incomplete') {
    throw new InputError('A part of the link is missing.', { ...data, actual: 'a link without its end' });
  }
  if (address.origin !== location.origin && address.origin !== origin) {
    const message = `That link leads to ${address.origin}: import potluck.js from there.`;
    throw new InputError(message, { ...data, actual: address.origin });
  }
  return { link: found, address: address.href, identity: await returningOrNew(found.room), isNew: false };
}
