import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { type PeerProcess, startPeer } from '../peer-process.ts';
import { processBytes } from '../process-memory.ts';
import { signalAll } from '../process-tree.ts';
import { readyDevices, until } from '../session-page.ts';

/** A peer without a page, as a further device of the lab. */
export interface Edge {
  readonly name: string;
  /** By which its process has grown since it was measured. */
  growthBytes(): number;
  /** Ends it with nobody told. */
  kill(): void;
  /** Stops it for so long. Nobody is waited for. */
  freeze(seconds: number): void;
}

export interface Edges {
  readonly all: readonly Edge[];
  close(): Promise<void>;
}

export interface EdgeOptions {
  readonly link: string;
  readonly count: number;
  /** Browsers that are in the room. */
  readonly browsers: number;
  /** Megabytes that one offers, by its number; what it has where undefined. */
  readonly memoryOf: (edge: number) => number | undefined;
}

/** Has peers join a room, and waits until `page` shows all of them measured. */
export async function openEdges(page: Page, options: EdgeOptions): Promise<Edges> {
  const { link, count, browsers, memoryOf } = options;
  const folders: string[] = [];
  const peers: PeerProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(peers.map((peer) => peer.end('SIGTERM')));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (let at = 0; at < count; at++) {
      const folder = mkdtempSync(join(tmpdir(), 'potluck-edge-'));
      folders.push(folder);
      const memory = memoryOf(at);
      peers.push(
        startPeer(
          ...[link, '--name', `Edge ${at + 1}`, '--store', folder],
          ...(memory === undefined ? [] : ['--memory', String(memory)]),
        ),
      );
    }
    await until(page, `${count} peers ready`, readyDevices(browsers + count)).catch((error) => {
      throw new Error(`${error}\n${peers.map((peer) => peer.printed()).join('\n')}`);
    });
    const idle = peers.map(({ pid }) => processBytes(pid));
    const all = peers.map(({ pid }, at) => ({
      name: `Edge ${at + 1}`,
      growthBytes: () => processBytes(pid) - (idle[at] ?? 0),
      kill: () => signalAll([pid], 'SIGKILL'),
      freeze: (seconds: number) => {
        signalAll([pid], 'SIGSTOP');
        setTimeout(() => signalAll([pid], 'SIGCONT'), seconds * 1000);
      },
    }));
    return { all, close };
  } catch (error) {
    await close();
    throw error;
  }
}
