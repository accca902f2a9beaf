import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feedsFor } from '../e2e/lab/input.ts';
import { type LabModel, labModel } from '../e2e/lab/model-files.ts';
import { openReference, type ReferenceServer, serveReference } from '../e2e/lab/reference-tab.ts';
import { openModel, runOnce, setFeeds } from '../e2e/lab/room-model.ts';
import { type Mirror, startMirror } from '../e2e/mirror/mirror.ts';
import { browserBytes } from '../e2e/process-memory.ts';
import { openRoom } from '../e2e/room.ts';
import { startProduct } from '../e2e/server.ts';
import { stateOf } from '../e2e/session-page.ts';
import { openModelFile } from '../tools/split/model-file.ts';
import { writeShape } from './shape.ts';
import { type Spread, spread } from './statistics.ts';

/** 1.08 GB of weights in 24 layers, and a quarter of that. */
const WHOLE = ['llama-1gb'];
const QUARTER = ['llama-1gb', '--layers', '6'];
/** One token after four: the least work, so that loading is what is measured. */
const SIZES = { batch_size: 1, sequence_length: 1, past_sequence_length: 4 };
const DEVICES = 4;
/** What each device offers, in MB. One alone gets enough for all, and not so much that weights are laid out twice. */
const OFFERED = 350;
const OFFERED_ALONE = 1400;
/** A device may take this much of the whole's memory beyond its share of the weights. */
const ALLOWANCE = 0.15;
const MB = 1e6;

export interface DeviceMemory {
  readonly weightBytes: number;
  readonly peakBytes: number;
  /** Of all processes of its browser, over the idle page; null where the system does not tell. */
  readonly browserBytes: number | null;
  /** Its peak over the peak of the whole model in one tab, and what that may be at most. */
  readonly ratio: number;
  readonly limit: number;
}

export interface LoadingReport {
  readonly devices: readonly DeviceMemory[];
  readonly wholePeakBytes: number;
  /** Bytes that left the origin for all devices, over one copy of the model. */
  readonly originRatio: number;
  /** From the choice of the model until it is ready, in the room and, a quarter of it, in one tab. */
  readonly roomMs: Spread;
  readonly tabMs: Spread;
  readonly timeRatio: Spread;
  readonly good: boolean;
}

/** Loads a model of 1 GB over four devices, a quarter of it in one tab, and all of it in one tab, in turn. */
export async function measureLoading(rounds: number): Promise<LoadingReport> {
  const folder = mkdtempSync(join(tmpdir(), 'potluck-loading-'));
  const opened: { close(): Promise<void> }[] = [];
  try {
    writeShape(WHOLE, join(folder, 'whole'));
    writeShape(QUARTER, join(folder, 'quarter'));
    const whole = await labModel(join(folder, 'whole/model.onnx'));
    const quarter = await labModel(join(folder, 'quarter/model.onnx'));
    const server = await startProduct();
    opened.push({ close: () => server.stop() });
    const mirror = await startMirror({ folder });
    opened.push(mirror);
    const pages = await serveReference([]);
    opened.push(pages);
    const loads: RoomLoad[] = [];
    const tabs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      mirror.reset();
      tabs.push(await loadInTab(pages, mirror, quarter));
      mirror.reset();
      loads.push(await loadInRoom(server.origin, mirror, whole, DEVICES, OFFERED));
      console.error(`loaded ${round + 1} of ${rounds} times`);
    }
    const alone = await loadInRoom(server.origin, mirror, whole, 1, OFFERED_ALONE);
    return reportOf(loads, tabs, alone.devices[0]?.peakBytes ?? 0, whole);
  } finally {
    for (const each of opened.reverse()) await each.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RoomLoad {
  readonly ms: number;
  readonly originBytes: number;
  readonly devices: readonly Omit<DeviceMemory, 'ratio' | 'limit'>[];
}

async function loadInRoom(
  origin: string,
  mirror: Mirror,
  model: LabModel,
  devices: number,
  offered: number,
): Promise<RoomLoad> {
  const room = await openRoom({ origin, devices, query: `?provider=wasm&threads=1&memory=${offered}` });
  try {
    const { page } = room.leader;
    const idle = room.devices.map(({ profile }) => browserBytes(profile));
    const begun = performance.now();
    const opening = { model, url: mirror.at('/whole/model.onnx'), sizes: SIZES };
    const state = await openModel(page, opening, 'everyone');
    const ms = performance.now() - begun;
    const originBytes = mirror.counts.total.bytes;
    if (state.model.kind !== 'ready') throw new Error('The model is gone.');
    await setFeeds(page, feedsFor(state.model.card, 0));
    await runOnce(page);
    // Loads are told once a second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const memories = room.devices.map(async ({ page: own, profile }, index) => {
      const seen = await stateOf(own);
      const me = seen?.devices.find(({ card }) => card.peer === seen.me);
      const stage = seen?.plan?.stages.find(({ peer }) => peer === seen.me);
      const [now, before] = [browserBytes(profile), idle[index] ?? null];
      return {
        weightBytes: stage?.weightBytes ?? 0,
        peakBytes: me?.load.peakMemoryBytes ?? 0,
        browserBytes: now === null || before === null ? null : now - before,
      };
    });
    return { ms, originBytes, devices: await Promise.all(memories) };
  } finally {
    await room.close();
  }
}

/** As a page would that knows nothing of us: fetch, create, run once. */
async function loadInTab(pages: ReferenceServer, mirror: Mirror, model: LabModel): Promise<number> {
  const tab = await openReference(pages.origin, false);
  try {
    const card = await cardOf(model);
    const begun = performance.now();
    const place = { url: mirror.at('/quarter/model.onnx'), external: model.external };
    await tab.load(place, { provider: 'wasm', threads: 1, bundle: 'wasm' }, feedsFor(card, 0));
    await tab.time();
    return performance.now() - begun;
  } finally {
    await tab.close();
  }
}

async function cardOf({ path }: LabModel): Promise<Parameters<typeof feedsFor>[0]> {
  const { graph } = await openModelFile(path);
  return { inputs: graph.inputs, dims: SIZES };
}

function reportOf(
  loads: readonly RoomLoad[],
  tabs: readonly number[],
  wholePeakBytes: number,
  model: LabModel,
): LoadingReport {
  const devices = loads
    .flatMap((load) => load.devices)
    .map((device) => ({
      ...device,
      ratio: device.peakBytes / wholePeakBytes,
      limit: device.weightBytes / model.bytes + ALLOWANCE,
    }));
  const withinOwn = devices.every(({ peakBytes, weightBytes }) => peakBytes <= 1.2 * weightBytes + 60 * MB);
  return {
    devices,
    wholePeakBytes,
    originRatio: Math.max(...loads.map(({ originBytes }) => originBytes / model.bytes)),
    roomMs: spread(loads.map(({ ms }) => ms)),
    tabMs: spread(tabs),
    timeRatio: spread(loads.map(({ ms }, round) => ms / (tabs[round] ?? Number.NaN))),
    good: withinOwn && devices.every(({ ratio, limit }) => ratio <= limit),
  };
}
