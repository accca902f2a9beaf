import { CHANNEL_VERSION } from '../channel.ts';
import { PotluckError } from './potluck-error.ts';

/** A frame that may not be shown here is silent in every browser, so the server is asked. @throws PotluckError */
export async function mayEmbed(server: string): Promise<boolean> {
  try {
    const response = await fetch(`${server}/embed.json`, { cache: 'no-store', credentials: 'omit' });
    return response.ok && ((await response.json()) as { embed?: unknown }).embed === true;
  } catch (error) {
    const actual = String(error);
    throw new PotluckError(`The server ${server} could not be reached.`, {
      ...{ name: 'FetchError', step: 'reach the server', expected: 'an answer', actual },
    });
  }
}

export function refused(server: string): PotluckError {
  const message =
    `${server} does not let ${location.origin} embed its rooms. ` +
    `Whoever runs that server can allow it: --embed ${location.origin}`;
  return new PotluckError(message, {
    ...{
      name: 'EmbedRefusedError',
      step: 'embed a room',
      expected: 'a site that may',
      actual: location.origin,
    },
  });
}

/** Allowed, and yet silent: an ancestor further up is not, or the page's own policy forbids the frame. */
export function silent(server: string): PotluckError {
  const message =
    `The frame of ${server} did not start. This page's Content-Security-Policy must allow "frame-src ${server}", ` +
    'and every page around this one must be allowed to embed it.';
  return new PotluckError(message, {
    ...{
      name: 'EmbedRefusedError',
      step: 'embed a room',
      expected: 'a frame that speaks',
      actual: 'silence',
    },
  });
}

export function otherVersion(server: string): PotluckError {
  return new PotluckError(`This potluck.js is not that of ${server}: import it from ${server}/potluck.js.`, {
    ...{ name: 'ProtocolError', step: 'speak with the frame' },
    ...{ expected: `version ${CHANNEL_VERSION}`, actual: 'another one' },
  });
}
