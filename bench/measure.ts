import type { SessionState } from '../core/session/state.ts';
import { tensorBytes } from '../core/tensor/tensor.ts';
import { feedsFor } from '../e2e/lab/input.ts';
import { labModel } from '../e2e/lab/model-files.ts';
import type { ReferenceServer, ReferenceTab } from '../e2e/lab/reference-tab.ts';
import { openModel, setFeeds, timeOnce } from '../e2e/lab/room-model.ts';
import type { Room } from '../e2e/room.ts';
import { runsOn, stateOf, until } from '../e2e/session-page.ts';
import { hopsOf } from './hops.ts';
import type { Round } from './ratios.ts';
import { connectRaw, type RawChannels } from './raw-channel.ts';

/** The runtime compiles and allocates in its first runs; after these it is steady. */
const WARM_UP = 4;

/** Measures one model in a room: in each round one whole run, one split run and one raw ping, in turn. */
export async function roundsOf(
  model: string,
  room: Room,
  reference: ReferenceTab,
  server: ReferenceServer,
  rounds: number,
): Promise<Round[]> {
  const { page } = room.leader;
  const files = await labModel(model);
  await openModel(page, { model: files }, 'everyone');
  const state = await until(page, 'every tab holds a stage', runsOn(room.devices.length));
  if (state.model.kind !== 'ready') throw new Error('The model is gone.');
  const feeds = feedsFor(state.model.card, 0);
  await setFeeds(page, feeds);
  await reference.load(
    { url: server.urlOf(model), external: files.external },
    { provider: 'wasm', threads: 1, bundle: 'wasm' },
    feeds,
  );
  const inputBytes = Object.values(feeds).reduce((sum, { dtype, dims }) => sum + tensorBytes(dtype, dims), 0);
  const raw = await connect(room, state, inputBytes);
  const measured: Round[] = [];
  for (let i = 0; i < WARM_UP + rounds; i++) {
    const { ms: wholeMs, wallMs: wholeWallMs } = await reference.time();
    const { latencyMs: splitMs, stages } = await timeOnce(page);
    const rawMs = (await raw?.ping()) ?? 0;
    const computeMs = stages.reduce((sum, stage) => sum + stage.computeMs, 0);
    if (i >= WARM_UP) measured.push({ wholeMs, wholeWallMs, splitMs, computeMs, rawMs });
  }
  await raw?.close();
  return measured;
}

/** Raw channels along the plan's own way; undefined when nothing crosses. */
async function connect(
  room: Room,
  state: SessionState,
  inputBytes: number,
): Promise<RawChannels | undefined> {
  if (!state.plan) throw new Error('The plan is gone.');
  const pages = new Map<string, Room['leader']['page']>();
  for (const { page } of room.devices) {
    const own = await stateOf(page);
    if (own) pages.set(own.me, page);
  }
  const pageOf = (peer: string): Room['leader']['page'] => {
    const page = pages.get(peer);
    if (!page) throw new Error(`No tab is ${peer}.`);
    return page;
  };
  const hops = hopsOf(state.plan, state.me, inputBytes);
  if (hops.length === 0) return undefined;
  return connectRaw(hops.map(({ from, to, bytes }) => ({ from: pageOf(from), to: pageOf(to), bytes })));
}
