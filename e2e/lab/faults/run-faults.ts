import type { Page } from 'playwright';
import type { ModelCard } from '../../../core/session/state.ts';
import type { Room } from '../../room.ts';
import type { ProductServer } from '../../server.ts';
import type { Edge } from '../edges.ts';
import { feedsFor, type LabInput } from '../input.ts';
import type { LabOptions } from '../options.ts';
import type { ReferenceTab } from '../reference-tab.ts';
import type { GeneratedText } from '../report.ts';
import type { NamedTensor, Verification } from '../verify.ts';
import { type AnswerCount, countAnswers } from './answer-count.ts';
import { answersOf, askStream, askTexts } from './ask-in-page.ts';
import { askerAmong } from './fault.ts';
import { type FaultReport, judge, unfired } from './judge.ts';
import { itemOutcomes, textOutcomes } from './outcomes.ts';
import { schedule } from './schedule.ts';

/** Without any answer for so long, the rest is lost. */
const PATIENCE_MS = 120_000;
/** Different inputs in turn, so that an answer to another question is seen. */
const MOST_VARIANTS = 8;

export interface FaultsRun {
  readonly faults: readonly FaultReport[];
  readonly verify: Verification;
  readonly latencies: readonly number[];
  readonly throughputPerSec: number;
  readonly errors: readonly string[];
}

export interface FaultsSetting {
  readonly options: LabOptions;
  readonly input: LabInput;
  readonly room: Room;
  readonly edges: readonly Edge[];
  readonly server: ProductServer;
  readonly reference: ReferenceTab;
  readonly card: ModelCard;
  /** What the whole model writes for each text; null where items are asked for. */
  readonly texts: readonly GeneratedText[] | null;
}

/** Has a stream of items, or texts, answered while the faults come, and compares each answer with the whole model's. */
export async function runFaults(setting: FaultsSetting): Promise<FaultsRun> {
  const { options, room, edges, server, texts } = setting;
  const { page } = room.devices[askerAmong(options.devices, options.faults) ?? 0] ?? room.leader;
  const count = await countAnswers(page);
  const begun = Date.now();
  const variants = texts === null ? await variantsOf(setting) : [];
  let begin: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const over = ready.then(() =>
    texts === null ? ask(page, setting, variants) : write(page, setting, texts),
  );
  const fired = await schedule({ room, edges, server, asker: page, count }, options.faults, over);
  begin();
  await Promise.race([over, stalled(count)]);
  const answers = await answersOf(page);
  const judged =
    texts === null
      ? await itemOutcomes(
          page,
          options.requests,
          answers,
          variants.map(({ expected }) => expected),
        )
      : textOutcomes(options.model, texts, answers);
  const came = await fired();
  return {
    faults: judge(came, judged.outcomes),
    verify: judged.verify,
    latencies: answers.map(({ latencyMs }) => latencyMs),
    throughputPerSec: (answers.length * 1000) / (Math.max(...answers.map(({ at }) => at)) - begun),
    errors: unfired(options.faults, came),
  };
}

interface Variant {
  readonly feeds: ReturnType<typeof feedsFor>;
  readonly expected: readonly NamedTensor[];
}

async function variantsOf({ options, input, card, reference }: FaultsSetting): Promise<Variant[]> {
  const variants: Variant[] = [];
  for (let i = 0; i < Math.min(MOST_VARIANTS, options.requests); i++) {
    const feeds = feedsFor(card, options.seed + i, input.recorded);
    variants.push({ feeds, expected: await reference.run(feeds) });
  }
  return variants;
}

function ask(page: Page, { options }: FaultsSetting, variants: readonly Variant[]): Promise<void> {
  const { requests, inFlight } = options;
  return askStream(page, { requests, inFlight, variants: variants.map(({ feeds }) => feeds) });
}

function write(page: Page, { options }: FaultsSetting, texts: readonly GeneratedText[]): Promise<void> {
  const { maxNewTokens, temperature, sampleSeed: seed } = options.generate;
  return askTexts(page, { prompts: texts.map(({ prompt }) => prompt), maxNewTokens, temperature, seed });
}

async function stalled(count: AnswerCount): Promise<void> {
  let [seen, since] = [count.count, Date.now()];
  while (Date.now() - since < PATIENCE_MS) {
    await new Promise((resolve) => setTimeout(resolve, 250).unref());
    if (count.count !== seen) [seen, since] = [count.count, Date.now()];
  }
}
