import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { LoadReport } from '../../core/session/state.ts';
import { busyInWords } from './select.ts';
import { theme } from './theme.ts';

const WIDTH = 112;
const HEIGHT = 36;
/** One report a second for a minute; a younger device fills the line from the right. */
const POINTS = 60;

interface Props {
  readonly history: readonly LoadReport[];
  readonly colour: string;
}

/** The last minute of load as a line from 0 to 100%. */
export function Sparkline({ history, colour }: Props): VNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shade = theme.value;
  const latest = useRef(history);
  latest.current = history;
  // A device that has not worked has a flat line: the charts' code comes with the first that is not.
  const worked = history.some(({ busy }) => busy > 0);
  useEffect(() => {
    if (!worked) return;
    let gone = false;
    void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plot }]) => {
      if (gone || !box.current) return;
      plot.current = new Plot(options(resolved(box.current)), series(latest.current), box.current);
    });
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = null;
    };
  }, [worked, colour, shade]);
  useEffect(() => plot.current?.setData(series(history)), [history]);
  return (
    <div class="spark" ref={box} style={{ color: colour }} role="img" aria-label={busyInWords(history)} />
  );
}

/** Canvas knows no CSS variables: take the colour as the browser computed it. */
function resolved(element: Element): string {
  return getComputedStyle(element).color;
}

function series(history: readonly LoadReport[]): uPlot.AlignedData {
  const x = Array.from({ length: POINTS }, (_, i) => i);
  const y = [...Array<null>(Math.max(0, POINTS - history.length)).fill(null), ...history.map((h) => h.busy)];
  return [x, y.slice(-POINTS)];
}

function options(colour: string): uPlot.Options {
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: [3, 1, 2, 1],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: false, range: [0, POINTS - 1] }, y: { range: [0, 1] } },
    series: [
      {},
      {
        stroke: colour,
        width: 1.75,
        fill: colour.replace('rgb(', 'rgba(').replace(')', ', 0.12)'),
        points: { show: false },
      },
    ],
  };
}
