import type { LinkView } from '../../core/session/state.ts';
import { type FaultReport, faultLines } from './faults/judge.ts';
import type { LinkShape } from './page/link-shape.ts';
import type { Verification } from './verify.ts';

/** What `npm run lab` measured; the JSON it writes. */
export interface LabReport {
  readonly model: string;
  readonly devices: readonly LabDevice[];
  /** Until all devices were in the room and measured; then until the model ran on them. */
  readonly preparation: { readonly roomMs: number; readonly modelMs: number };
  /** Bytes that left the model's server, over one copy of the model; null for a picked file. */
  readonly originRatio: number | null;
  readonly plan: { readonly predictedLatencyMs: number; readonly predictedPeriodMs: number };
  readonly split: { readonly latencyMs: Latency; readonly throughputPerSec: number };
  readonly whole: { readonly latencyMs: Latency; readonly generate?: readonly GeneratedText[] };
  /** With `--task generate`: what the room wrote; then `whole.generate` has the same prompts in one tab. */
  readonly generate?: readonly GeneratedText[];
  /** With `--fault`: what each did. `split` then tells of the answers while they came, and devices of the time before. */
  readonly faults?: readonly FaultReport[];
  /** With `--edge`: the stage of each peer without a page, and the same stage in a tab. */
  readonly sameStage?: readonly SameStage[];
  readonly verify: Verification;
  readonly errors: readonly string[];
}

export interface LabDevice {
  readonly name: string;
  readonly provider: string;
  readonly threads: number;
  /** Percent of one core that its browser might use, and its links for what it sent; null where not limited. */
  readonly cpuPercent: number | null;
  readonly link: LinkShape | null;
  /** How it reaches each of the others; of a peer without a page: how the leader reaches it. */
  readonly ways: readonly LinkView['kind'][];
  /** Blocks [start, end), or null when the plan leaves the device out. */
  readonly stage: { readonly start: number; readonly end: number } | null;
  /** Of its stage for one item, by the plan and, the median of the last items, by its own clock; null without a stage. */
  readonly predictedMs: number | null;
  readonly measuredMs: number | null;
  readonly weightBytes: number;
  readonly bytesReceived: number;
  readonly busyMs: number;
  /** The most that its workers took: heap and buffers. */
  readonly peakMemoryBytes: number;
  /** By which all processes of its browser grew over the idle page, once the model ran; null where the system does not tell. */
  readonly browserGrowthBytes: number | null;
}

/** A stage on the device that holds it, by its own clock, and the same stage on the bare runtime in a tab, in turn. */
export interface SameStage {
  readonly device: string;
  /** Blocks [start, end). */
  readonly start: number;
  readonly end: number;
  readonly ownMs: Latency;
  readonly tabMs: Latency;
}

export interface GeneratedText {
  readonly prompt: string;
  /** Prompt and continuation. */
  readonly ids: readonly number[];
  readonly text: string;
  /** Time to the first token. */
  readonly ttftMs: number;
  /** After the first. */
  readonly tokensPerSec: number;
}

export interface Latency {
  readonly median: number;
  readonly p95: number;
}

/** The report as a person reads it in a terminal. */
export function tableOf(report: LabReport): string {
  const { devices, preparation, originRatio, plan, split, whole, verify, errors, generate } = report;
  const rows = devices.map((device) => [
    device.name,
    `${device.provider} x${device.threads}`,
    device.cpuPercent === null ? 'free' : `${device.cpuPercent}%`,
    device.link === null ? 'free' : `${device.link.delayMs}ms/${device.link.mbitPerSec}`,
    [...new Set(device.ways)].join('+'),
    device.stage ? `${device.stage.start}-${device.stage.end}` : 'left out',
    orDash(device.predictedMs),
    orDash(device.measuredMs),
    kilobytes(device.weightBytes),
    kilobytes(device.bytesReceived),
    megabytes(device.peakMemoryBytes),
    device.browserGrowthBytes === null ? '?' : megabytes(device.browserGrowthBytes),
    device.busyMs.toFixed(0),
  ]);
  return [
    report.model,
    aligned([
      [
        'device',
        'runs on',
        'cpu',
        'link',
        'way',
        'blocks',
        'predicted ms',
        'measured ms',
        'weights KB',
        'received KB',
        'worker peak MB',
        'browser grew MB',
        'busy ms',
      ],
      ...rows,
    ]),
    '',
    `ready   room after ${seconds(preparation.roomMs)}, model after ${seconds(preparation.modelMs)} more`,
    ...(originRatio === null ? [] : [`origin  ${originRatio.toFixed(4)} of one copy`]),
    `split   median ${ms(split.latencyMs.median)}, p95 ${ms(split.latencyMs.p95)}, predicted ${ms(plan.predictedLatencyMs)}; ` +
      `${split.throughputPerSec.toFixed(2)} per second, predicted ${(1000 / plan.predictedPeriodMs).toFixed(2)}`,
    `whole   median ${ms(whole.latencyMs.median)}, p95 ${ms(whole.latencyMs.p95)} in one tab`,
    `verify  ${verify.ok ? 'equal' : 'DIFFERENT'}: largest difference ${verify.maxAbsDiff.toExponential(2)}, ` +
      `relative ${verify.maxRelDiff.toExponential(2)}, largest element ${verify.argmaxEqual ? 'the same' : 'ELSEWHERE'}`,
    ...verify.findings.map((finding) => `        ${finding}`),
    ...(report.sameStage ?? []).map(
      ({ device, start, end, ownMs, tabMs }) =>
        `stage   ${start}-${end} on ${device} median ${ms(ownMs.median)}, p95 ${ms(ownMs.p95)}; ` +
        `in a tab median ${ms(tabMs.median)}, p95 ${ms(tabMs.p95)}: ${(tabMs.median / ownMs.median).toFixed(2)} times as long`,
    ),
    ...faultLines(report.faults ?? []),
    ...(generate ?? []).map(
      (text) =>
        `wrote   ${JSON.stringify(text.text.slice(0, 60))} ${text.ids.length} tokens, first after ${ms(text.ttftMs)}, ` +
        `${text.tokensPerSec.toFixed(1)} a second`,
    ),
    ...(whole.generate ?? []).map(
      (text) =>
        `whole   ${JSON.stringify(text.text.slice(0, 60))} first after ${ms(text.ttftMs)}, ` +
        `${text.tokensPerSec.toFixed(1)} a second`,
    ),
    ...errors.map((error) => `error   ${error}`),
  ].join('\n');
}

/** Columns of equal width: words to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const isNumber = (cell: string): boolean => /^[\d.,-]+$/.test(cell);
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return isNumber(cell) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function orDash(value: number | null): string {
  return value === null ? '-' : value.toFixed(1);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function seconds(value: number): string {
  return `${(value / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
