/** What a link is to be like, each way. May be changed at any time; holds for packets sent from then on. */
export interface LinkShape {
  delayMs: number;
  mbitPerSec: number;
}
