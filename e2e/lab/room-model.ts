import type { Page } from 'playwright';
import type { PlanMode, SessionState, StageTiming } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { type PotluckWindow, until } from '../session-page.ts';
import type { LabModel } from './model-files.ts';
import type { NamedTensor } from './verify.ts';

/** One answer of the room, measured by the page that asked. */
export interface RoomRun {
  readonly latencyMs: number;
  readonly stages: readonly StageTiming[];
  readonly outputs: readonly NamedTensor[];
}

interface LabWindow extends PotluckWindow {
  /** Kept in the page, so that measured runs do not carry their input through the browser's tools. */
  labFeeds?: Parameters<PotluckWindow['potluck']['run']>[0];
  labFiles?: HTMLInputElement;
}

/** A large model on a slow machine is read, cut, calibrated and sent within this. */
const MODEL_PATIENCE_MS = 240_000;

/** A model to open, as a file that a person picks, or by its address. */
export interface ModelToOpen {
  readonly model: LabModel;
  /** Given: the page fetches it from there. */
  readonly url?: string | undefined;
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * Opens the model in the leader's page and waits until a plan runs.
 * @throws Error with the page's own words when the model cannot be opened or planned.
 */
export async function openModel(
  page: Page,
  { model, url, sizes = {} }: ModelToOpen,
  mode: PlanMode,
): Promise<SessionState> {
  if (url === undefined) await pickFiles(page, model.paths);
  const asked = await page.evaluate(
    async ({ url, name, bytes, sizes, mode, patienceMs }) => {
      const { potluck, labFiles } = globalThis as unknown as LabWindow;
      potluck.setMode(mode);
      const epoch = potluck.state().plan?.epoch ?? 0;
      const late = new Promise<string>((resolve) => {
        setTimeout(() => resolve(`${name} did not open in ${patienceMs / 1000} s.`), patienceMs);
      });
      const opening =
        url === undefined
          ? potluck.openFile([...(labFiles?.files ?? [])], name, sizes)
          : potluck.openUrl(url, sizes);
      const opened = opening.then(
        () => null,
        (error) => `${name}: ${error.message}`,
      );
      const refusal = await Promise.race([opened, late]);
      // Where a model does not run here, the page goes on with the one before, and says so in a notice.
      const { model: shown, notices } = potluck.state();
      const replaced = shown.kind === 'ready' && shown.card.bytes !== bytes;
      const said = replaced ? (notices.at(-1)?.message ?? 'The page went back to the model before.') : null;
      return { epoch, refusal: refusal ?? said };
    },
    { url, name: model.name, bytes: model.bytes, sizes, mode, patienceMs: MODEL_PATIENCE_MS },
  );
  if (asked.refusal !== null) throw new Error(asked.refusal);
  const state = await until(
    page,
    `${model.name} runs`,
    ({ model: shown, plan, preparing }) =>
      shown.kind === 'failed' ||
      (shown.kind === 'ready' &&
        shown.card.bytes === model.bytes &&
        preparing === null &&
        JSON.stringify(plan?.mode) === JSON.stringify(mode) &&
        plan?.status === 'running' &&
        plan.epoch > asked.epoch &&
        plan.blocks === shown.card.blocks),
    MODEL_PATIENCE_MS,
  );
  if (state.model.kind === 'failed') throw new Error(`${state.model.step}: ${state.model.message}`);
  return state;
}

/** As a person picks them in the browser's dialog: the page gets Files that stay on disk. */
async function pickFiles(page: Page, paths: readonly string[]): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const lab = globalThis as unknown as LabWindow;
    lab.labFiles = document.createElement('input');
    lab.labFiles.type = 'file';
    lab.labFiles.multiple = true;
    return lab.labFiles;
  });
  await input.setInputFiles([...paths]);
}

/** Puts the input into the page, once. */
export async function setFeeds(page: Page, feeds: Readonly<Record<string, Tensor>>): Promise<void> {
  await page.evaluate((given) => {
    (globalThis as unknown as LabWindow).labFeeds = given;
  }, feeds);
}

/** One request; its outputs come along. */
export function runOnce(page: Page): Promise<RoomRun> {
  return page.evaluate(() => {
    const { potluck, labFeeds } = globalThis as unknown as LabWindow;
    return potluck.run(labFeeds ?? {});
  });
}

/** One request, timed by the page; its outputs stay there. */
export function timeOnce(page: Page): Promise<Omit<RoomRun, 'outputs'>> {
  return page.evaluate(async () => {
    const { potluck, labFeeds } = globalThis as unknown as LabWindow;
    const { latencyMs, stages } = await potluck.run(labFeeds ?? {});
    return { latencyMs, stages };
  });
}

/** `requests` answers with `inFlight` asked at once; resolves to answers per second. */
export function throughput(page: Page, requests: number, inFlight: number): Promise<number> {
  return page.evaluate(
    async ({ requests, inFlight }) => {
      const { potluck, labFeeds } = globalThis as unknown as LabWindow;
      let asked = 0;
      const started = performance.now();
      const askers = Array.from({ length: inFlight }, async () => {
        while (asked++ < requests) await potluck.run(labFeeds ?? {});
      });
      await Promise.all(askers);
      return (requests * 1000) / (performance.now() - started);
    },
    { requests, inFlight },
  );
}
