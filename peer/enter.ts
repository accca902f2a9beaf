import { platform } from 'node:os';
import { messageOf } from '../core/errors.ts';
import { type PeerId, peerIdFrom } from '../core/ids.ts';
import { systemClock } from '../core/mesh/clock.ts';
import type { Dial } from '../core/mesh/dial.ts';
import type { Socket } from '../core/mesh/lasting-socket.ts';
import { Mesh } from '../core/mesh/mesh.ts';
import { RoomSeal } from '../core/mesh/seal.ts';
import { type FinalRefusal, SignalingClient } from '../core/mesh/signaling-client.ts';
import type { Planner } from '../core/plan/question.ts';
import type { RoomLink } from '../core/room-link.ts';
import type { DeviceCard, EndReason } from '../core/session/state.ts';
import type { OriginFactory } from '../core/weights/origin.ts';
import type { Shelf } from '../core/weights/shelf.ts';
import type { NodeDevice } from './node-profile.ts';
import { type PeerParts, PeerSession } from './peer-session.ts';

export interface Visit {
  readonly link: RoomLink;
  readonly name: string;
  readonly connect: () => Socket;
  /** Null: through the relay only. */
  readonly dial: Dial | null;
  readonly device: NodeDevice;
  readonly shelf: Shelf;
  readonly origins: OriginFactory;
  readonly planner: Planner;
  /** This peer makes the room, to run this model. */
  readonly model?: PeerParts['model'];
  readonly changed: PeerParts['changed'];
  /** Told of what was dropped because it broke the protocol. */
  readonly report: (text: string) => void;
}

const PLATFORMS: Readonly<Record<string, string>> = { darwin: 'macOS', linux: 'Linux', win32: 'Windows' };

/** Joins everything that a peer in one room is made of, opens the door, and measures this computer. */
export async function enter(visit: Visit): Promise<PeerSession> {
  const { link, connect, dial, model } = visit;
  const random = (bytes: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(bytes));
  const me = peerIdFrom(random(8));
  const key = Buffer.from(random(16)).toString('hex');
  const seal = await RoomSeal.derive({ subtle: crypto.subtle, random, ...link, me });
  const client = new SignalingClient({
    room: link.room,
    seal,
    key,
    connect,
    clock: systemClock,
    random: Math.random,
    door: {
      state: (server) => session.emit({ type: 'ServerChanged', server, at: Date.now() }),
      entered: (leader, others) => session.entered(leader, others),
      waiting: () => session.emit({ type: 'AdmissionAwaited' }),
      leading: (value) => session.emit({ type: 'AskFirstChanged', value }),
      refused: (reason, message) => session.end(endOf(reason), message),
      // A room that asked before: nobody sits here to answer, and nobody is let in unasked.
      knock: (peer, name) =>
        session.emit({ type: 'KnockHeard', peer, name: name.slice(0, 40) || 'A device', at: Date.now() }),
      knockGone: (peer) => session.emit({ type: 'KnockAnswered', peer }),
    },
    report: (error) => visit.report(messageOf(error)),
  });
  const random32 = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const network = new Mesh({
    me,
    rendezvous: client,
    dial,
    clock: systemClock,
    random32,
    report: (_, error) => visit.report(messageOf(error)),
  });
  const { device, shelf, origins, planner, changed } = visit;
  const session = new PeerSession({
    card: cardOf(me, visit.name),
    network,
    device,
    shelf,
    origins,
    planner,
    random32,
    door: client,
    changed,
    ...(model && { model }),
  });
  if (model) {
    session.entered(me, 0);
    client.open(false);
  } else client.join(visit.name);
  void session.measure();
  return session;
}

function cardOf(peer: PeerId, name: string): DeviceCard {
  return {
    peer,
    name: name.slice(0, 40),
    browser: 'Node',
    platform: PLATFORMS[platform()] ?? platform(),
    form: 'server',
    status: 'measuring',
    progress: null,
    refusal: null,
    profile: null,
    hidden: false,
  };
}

/** The server's words for the end of a visit, in the page's. */
function endOf(reason: FinalRefusal): EndReason {
  if (reason === 'room-taken') return 'no-such-room';
  return reason === 'too-many' ? 'room-full' : reason;
}
