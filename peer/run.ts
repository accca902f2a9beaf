import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { lazyOrigin } from '../app/session/origin/lazy-origin.ts';
import { addressOf, drawRoomLink, type RoomLink } from '../core/room-link.ts';
import type { EndReason, SessionState } from '../core/session/state.ts';
import { subtleDigest } from '../core/weights/digest.ts';
import { Shelf } from '../core/weights/shelf.ts';
import type { PeerArguments } from './arguments.ts';
import { serve } from './door/serve.ts';
import { enter } from './enter.ts';
import { machineFacts, memoryBudget, threadChoices } from './limits.ts';
import { modelFrom } from './model-from.ts';
import type { Natives } from './natives.ts';
import { nodeDial } from './node-dial.ts';
import type { NodeDevice } from './node-profile.ts';
import type { PeerSession } from './peer-session.ts';
import { plannerInThread } from './planner-in-thread.ts';
import { chooseProviders, keepPrecision, PROVIDER_NAMES } from './providers.ts';
import { originForOthers, socketsTo } from './server-address.ts';
import { openFolder } from './store/open-folder.ts';
import { invitation, newsOf, STOPPED } from './terminal.ts';
import { ThreadExecutor } from './thread-executor.ts';

export interface Running {
  /** The reason of the last visit's end, once nothing more follows. */
  readonly ended: Promise<EndReason>;
  /** Says goodbye and ends. */
  stop(): void;
}

/** Between two attempts to get into a room that is not there yet, or full. */
const AGAIN_MS = 5000;
/** By then a server that is there has answered. */
const SILENT_MS = 10_000;
/** The last words have this long to leave the process. */
const GOODBYE_MS = 300;

/** Runs a peer: as a member of the room of its link, or as one that opens a room. `print` takes whole lines. */
export async function run(
  options: PeerArguments,
  { wrtc, runtimeUrl }: Natives,
  print: (text: string) => void,
): Promise<Running> {
  const { server, name, once } = options;
  const place = options.folder ?? cacheFolder();
  let session: PeerSession | undefined;
  // First, as an address that is taken is the likeliest thing to go wrong.
  const { door } = options;
  const opened = door && (await serve({ door, folder: place, room: () => session, print }));
  const folder = await openFolder(place, options.diskBytes ?? undefined);
  const shelf = new Shelf(folder.store, subtleDigest(crypto.subtle));
  const facts = machineFacts();
  const budgetBytes = memoryBudget(facts, options.memoryBytes);
  const choice = await chooseProviders(options.provider, runtimeUrl, threadChoices(facts, options.threads));
  keepPrecision(choice);
  const device: NodeDevice = {
    executors: () => new ThreadExecutor({ runtimeUrl, budgetBytes }),
    ...choice,
    budgetBytes,
  };
  for (const { provider, why } of choice.unusable)
    print(`Not computing on ${PROVIDER_NAMES[provider]}: ${why}`);
  const link = options.link ?? newLink();
  const common = {
    link,
    name: name ?? hostname(),
    connect: socketsTo(server),
    dial: nodeDial(wrtc),
    device,
    shelf,
    origins: lazyOrigin,
    planner: plannerInThread(),
    report: (text: string) => print(`Dropped: ${text}`),
  };
  const { model: where, mode } = options;
  let isStopped = false;

  const visit = (): Promise<EndReason> =>
    new Promise((resolve, reject) => {
      let hadOthers = false;
      const changed = (before: SessionState, after: SessionState): void => {
        for (const line of newsOf(before, after)) print(line);
        if (after.phase.kind === 'ended') resolve(after.phase.reason);
        const isAlone = after.devices.length < 2;
        if (!isAlone) hadOthers = true;
        // Not within the change itself, which others have yet to hear of.
        else if (once && hadOthers) setTimeout(() => session?.end('left', 'Everybody else has left.'));
      };
      const open = where === null ? undefined : () => modelFrom(where, shelf, () => undefined);
      const silence = setTimeout(() => {
        if (session?.state.server === 'connecting') print(`${server} does not answer yet; still trying.`);
      }, SILENT_MS);
      silence.unref();
      enter({ ...common, changed, ...(open && { model: { open, mode } }) }).then((entered) => {
        session = entered;
        if (isStopped) entered.end('left', STOPPED);
      }, reject);
    });

  const visits = async (): Promise<EndReason> => {
    for (;;) {
      const reason = await visit();
      if (isStopped || once || !mayComeAgain(reason) || where !== null) return reason;
      print(`Trying again every ${AGAIN_MS / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };

  if (where !== null) {
    print(invitation(addressOf(link, await originForOthers(server)), process.stdout.isTTY === true));
  }
  const ended = visits().finally(async () => {
    await Promise.all([opened?.close(), new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
    folder.close();
  });
  const stop = (): void => {
    isStopped = true;
    session?.end('left', STOPPED);
  };
  return { ended, stop };
}

function mayComeAgain(reason: EndReason): boolean {
  return reason === 'no-such-room' || reason === 'room-full';
}

function newLink(): RoomLink {
  return drawRoomLink((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  return join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'potluck');
}
