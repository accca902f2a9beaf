import { messageOf } from '../../core/errors.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import { MeshLater } from '../../core/mesh/mesh-later.ts';
import { RoomSeal } from '../../core/mesh/seal.ts';
import { type FinalRefusal, SignalingClient } from '../../core/mesh/signaling-client.ts';
import type { DeviceCard, EndReason } from '../../core/session/state.ts';
import { subtleDigest } from '../../core/weights/digest.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import { browserDial } from './browser-dial.ts';
import { BrowserSession } from './browser-session.ts';
import { DeviceInPage } from './device-in-page.ts';
import { describeDevice } from './device-name.ts';
import { lazyOrigin } from './origin/lazy-origin.ts';
import { watchPage } from './page-life.ts';
import type { Place } from './place.ts';
import { tellShownOut } from './show-out.ts';
import { openPieceStore } from './storage/open-piece-store.ts';
import { surroundDial } from './surroundings.ts';

/** What differs where the page is another site's. */
export interface EnterOptions {
  /** What others call this device; left out: as it was called before, or as the browser suggests. */
  readonly name?: string;
  /** Somebody else drew the same name for a room: draw again. */
  readonly taken?: () => void;
}

/** Joins everything that one tab in one room is made of, and opens the door. */
export async function enter(place: Place, options: EnterOptions = {}): Promise<BrowserSession> {
  const { identity, link } = place;
  const { name, taken = () => location.assign('/') } = options;
  const random = (bytes: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(bytes));
  const { room, secret } = link;
  const opening = openPieceStore();
  let wasOpen = false;
  const seal = await RoomSeal.derive({ subtle: crypto.subtle, random, room, secret, me: identity.peer });
  const report = (error: unknown): void => console.warn(`Dropped: ${messageOf(error)}`);
  const client = new SignalingClient({
    room,
    seal,
    key: identity.key,
    connect: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/signal`),
    clock: systemClock,
    random: Math.random,
    door: {
      state: (server) => {
        wasOpen ||= server === 'open';
        session.emit({ type: 'ServerChanged', server, at: Date.now() });
      },
      entered: (leader, others) => session.entered(leader, others),
      waiting: () => session.emit({ type: 'AdmissionAwaited' }),
      leading: (value) => session.emit({ type: 'AskFirstChanged', value }),
      refused: (reason, message) => {
        if (reason === 'room-taken' && place.isNew && !wasOpen) taken();
        else session.ended(endOf(reason), message);
      },
      knock: (peer, name) =>
        session.emit({ type: 'KnockHeard', peer, name: name.slice(0, 40) || 'A device', at: Date.now() }),
      knockGone: (peer) => session.emit({ type: 'KnockAnswered', peer }),
    },
    report,
  });
  const random32 = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const network = new MeshLater({
    me: identity.peer,
    rendezvous: client,
    dial: browserDial && surroundDial(browserDial),
    clock: systemClock,
    random32,
    report: (peer, error) => {
      report(error);
      const { devices } = session.state.value;
      void tellShownOut({ devices, peer, error, emit: (event) => session.emit(event) });
    },
  });
  const described = await describeDevice();
  const description = name === undefined ? described : { ...described, name };
  const shelf = new Shelf(await opening, subtleDigest(crypto.subtle));
  const card: DeviceCard = {
    peer: identity.peer,
    ...description,
    status: 'measuring',
    progress: null,
    refusal: null,
    profile: null,
    hidden: document.hidden,
  };
  const device = new DeviceInPage(description);
  const session = new BrowserSession({
    place,
    card,
    network,
    executors: () => device.executor(),
    runtime: () => device.runtime,
    shelf,
    origins: lazyOrigin,
    random32,
    door: client,
  });
  watchPage(session, () => client.hurry());
  if (place.isNew) session.entered(identity.peer, 0);
  if (identity.leads) client.open(session.state.value.askFirst);
  else client.join(description.name);
  void device.measure(session.member);
  session.state.subscribe(({ devices }) => {
    if (devices.length > 1) void device.measurePacking(session.member);
  });
  return session;
}

/** The server's words for the end of a visit, in the page's. */
function endOf(reason: FinalRefusal): EndReason {
  switch (reason) {
    case 'room-taken':
      return 'no-such-room';
    case 'too-many':
      return 'room-full';
    default:
      return reason;
  }
}
