/**
 * How the weights of linear layers are stored. Convolutions, norms, embeddings and the time embedding never are so.
 *
 * - `int8`, `int4`: 8 or 4 bits with a scale for each 32 of them. Rows are multiplied in the network's precision, or on
 *   the CPU in 8 bits with a scale for each 32 too.
 * - `int8-dynamic`: 8 bits with a scale for each output, and rows in 8 bits with one scale, found at each run: the
 *   fastest on a CPU, and the least exact of the two in 8 bits.
 */
export type Quantization = 'int8' | 'int4' | 'int8-dynamic';

/** All of {@link Quantization}. */
export const quantizations: readonly Quantization[] = ['int8', 'int4', 'int8-dynamic'];
