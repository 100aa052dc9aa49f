/**
 * What a network's weights are stored as, and what it computes with outside of its float32 islands: norms over groups,
 * softmax, time embedding, and the layers that make the output. Inputs and outputs are float32 in both.
 */
export type Precision = 'float32' | 'float16';
