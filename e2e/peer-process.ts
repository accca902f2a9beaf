import { type RunningProgram, startProgram } from './program.ts';

/** A peer without a page, as `npm run peer` starts it. */
export type PeerProcess = RunningProgram;

/** Starts a peer in a process of its own. The caller ends it. */
export function startPeer(...args: readonly string[]): PeerProcess {
  return startProgram('The peer', process.execPath, ['peer/potluck-peer.mjs', ...args]);
}
