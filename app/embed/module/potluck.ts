/** The ES module that any site may import from the signaling server; its types are in `public/potluck.d.ts`. */
import type * as api from '../../../public/potluck.d.ts';
import { FrameLink } from './frame-link.ts';
import { type Frame, openFrame } from './open-frame.ts';
import { PotluckError } from './potluck-error.ts';
import { EmbeddedRoom, modelOf, over } from './room.ts';
import { RoomRecord } from './room-record.ts';

export { PotluckError };

/** 174,000 names of rooms: twice in a row the same means that something else is wrong. */
const TRIES = 3;

export const createRoom: typeof api.createRoom = async (options = {}) => {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await enter(null, options, options.model ?? null);
    } catch (error) {
      // Somebody else drew the same name: draw again, in a new frame.
      const isTaken = error instanceof PotluckError && error.actual === NAME_TAKEN;
      if (!isTaken || left === 0) throw error;
    }
  }
};

export const join: typeof api.join = (link, options = {}) => enter(String(link), options, null);

/** How the frame says so; see `app/embed/visit`. */
const NAME_TAKEN = 'room-taken';

async function enter(
  link: string | null,
  options: api.JoinOptions,
  model: api.ModelChoice | null,
): Promise<EmbeddedRoom> {
  const chosen = model === null ? null : modelOf(model);
  const { name = null, signal, onKnocking } = options;
  const frame = await openFrame(serverOf(options), options);
  const record = new RoomRecord();
  const calls = new FrameLink(frame.port, (news) => record.take(news));
  endWith(frame, calls, record);
  const knocking = record.on('state', ({ phase }) => {
    if (phase !== 'knocking') return;
    knocking();
    onKnocking?.();
  });
  try {
    const address = await calls.call({ type: 'enter', link, name, model: chosen }, { signal });
    return new EmbeddedRoom({ link: address as string, record, calls, close: () => frame.remove() });
  } catch (error) {
    calls.end(over('closed', 'The room was not entered.'));
    frame.remove();
    throw error;
  } finally {
    knocking();
  }
}

/** A frame that goes by itself ends the visit for everybody who waits for it or listens. */
function endWith(frame: Frame, calls: FrameLink, record: RoomRecord): void {
  frame.onGone = () => {
    const message = "The room's frame was closed.";
    calls.end(over('closed', message));
    record.take({
      state: { ...record.state, phase: 'ended', ended: { reason: 'closed', message } },
      plan: null,
    });
  };
}

function serverOf({ server = import.meta.url }: api.JoinOptions): string {
  const { origin } = new URL(server, location.href);
  if (/^https?:/.test(origin)) return origin;
  const details = { step: 'find the server', expected: 'https://…', actual: server };
  throw new PotluckError('Say which server: { server: "https://potluck.example" }.', {
    ...{ name: 'InputError' as const, ...details },
  });
}
