import { basename } from 'node:path';
import { openReference, serveReference } from '../e2e/lab/reference-tab.ts';
import { aligned } from '../e2e/lab/report.ts';
import { openRoom } from '../e2e/room.ts';
import { startProduct } from '../e2e/server.ts';
import { roundsOf } from './measure.ts';
import { type BenchOptions, modelsOrDefault } from './options.ts';
import { type Finding, findingsOf, type Round, verdict } from './ratios.ts';
import type { Section } from './section.ts';
import { type Spread, spread, spreadWords } from './statistics.ts';

interface Measured {
  readonly model: string;
  readonly tabs: number;
  readonly rounds: number;
  readonly times: Readonly<Record<keyof Round, Spread>>;
  readonly findings: readonly (Finding & { readonly verdict: ReturnType<typeof verdict> })[];
}

/** One thread each, so that two tabs on two cores do not fight over them (facts.md F). */
const QUERY = '?provider=wasm&threads=1';

/** Split over whole latency, our stage worker over the bare runtime, hops over a raw data channel. */
export const splitting: Section = async (options) => {
  const measured = await measureHops(options, modelsOrDefault(options));
  const poor = measured.some(({ findings }) => findings.some((finding) => finding.verdict === 'poor'));
  return { text: tables(measured), good: !poor, data: measured };
};

async function measureHops(options: BenchOptions, models: readonly string[]): Promise<Measured[]> {
  const server = await startProduct();
  const files = await serveReference(models);
  const measured: Measured[] = [];
  try {
    for (const tabs of options.tabs) {
      for (const model of models) {
        // A fresh room for each, as people would have one: nothing left over from the model before.
        const room = await openRoom({
          origin: server.origin,
          devices: tabs,
          query: QUERY,
          // Without a GPU the browser paints each frame of an animation on the cores that are measured.
          device: { context: { reducedMotion: 'reduce' } },
        });
        const reference = await openReference(files.origin, false);
        try {
          const rounds = await roundsOf(model, room, reference, files, options.rounds);
          measured.push(summed(basename(model), tabs, rounds));
          console.error(`measured ${basename(model)} on ${tabs} ${tabs === 1 ? 'tab' : 'tabs'}`);
        } finally {
          await reference.close();
          await room.close();
        }
      }
    }
  } finally {
    await files.close();
    await server.stop();
  }
  return measured;
}

function summed(model: string, tabs: number, rounds: readonly Round[]): Measured {
  const over = (key: keyof Round): Spread => spread(rounds.map((round) => round[key]));
  return {
    model,
    tabs,
    rounds: rounds.length,
    times: {
      wholeMs: over('wholeMs'),
      wholeWallMs: over('wholeWallMs'),
      splitMs: over('splitMs'),
      computeMs: over('computeMs'),
      rawMs: over('rawMs'),
    },
    findings: findingsOf(rounds, tabs).map((finding) => ({ ...finding, verdict: verdict(finding) })),
  };
}

function tables(all: readonly Measured[]): string {
  const times = all.map(({ model, tabs, times: { wholeMs, splitMs, computeMs, rawMs } }) => [
    model,
    String(tabs),
    ...[wholeMs, splitMs, computeMs, rawMs].map((value) => spreadWords(value, 1)),
  ]);
  const ratios = all.flatMap(({ model, tabs, findings }) =>
    findings.map((finding) => [
      model,
      String(tabs),
      finding.name,
      spreadWords(finding.value, 3),
      `${finding.least ? '>=' : '<='} ${finding.goal}`,
      `${finding.least ? '>=' : '<='} ${finding.limit}`,
      finding.verdict,
    ]),
  );
  return [
    'Milliseconds: median (p10 to p90)',
    aligned([['model', 'tabs', 'whole', 'split', 'stage compute', 'raw channel'], ...times]),
    '',
    'Ratios of one round each: median (p10 to p90)',
    aligned([['model', 'tabs', 'ratio', 'measured', 'goal', 'limit', ''], ...ratios]),
  ].join('\n');
}
