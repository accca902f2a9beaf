import { aligned } from '../e2e/lab/report.ts';
import type { LoadingReport } from './loading.ts';

/** What was measured of loading, as a person reads it in a terminal. */
export function loadingTable(report: LoadingReport): string {
  const rows = report.devices.map((device) => [
    megabytes(device.weightBytes),
    megabytes(device.peakBytes),
    device.browserBytes === null ? '?' : megabytes(device.browserBytes),
    device.ratio.toFixed(3),
    `<= ${device.limit.toFixed(3)}`,
    device.ratio <= device.limit ? 'good' : 'poor',
  ]);
  const { roomMs, tabMs, timeRatio } = report;
  return [
    '',
    `A model of 1 GB over four devices that offer 350 MB each (the whole in one tab: ${megabytes(report.wholePeakBytes)} MB)`,
    aligned([
      ['weights MB', 'worker peak MB', 'browser grew MB', 'peak / whole', 'share + 0.15', ''],
      ...rows,
    ]),
    `bytes from the origin over one copy: ${report.originRatio.toFixed(4)}`,
    `until ready: ${seconds(roomMs.median)}; a quarter of it in one tab: ${seconds(tabMs.median)}; ` +
      `ratio ${timeRatio.median.toFixed(2)} (${timeRatio.p10.toFixed(2)} to ${timeRatio.p90.toFixed(2)})`,
  ].join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
