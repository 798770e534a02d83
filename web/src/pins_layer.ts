import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import { toPlace } from "./mercator.ts";
import { PIN_STRIDE, type Pins } from "./pins.ts";
import { drawIconSheet, ICON_CELLS } from "./icon_sheet.ts";

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform vec2 u_viewport;
uniform float u_now, u_scale, u_ratio;
in vec2 a_corner;
in vec4 a_way;
in vec4 a_glide;
in vec4 a_dress;
in float a_flags;
out vec2 v_at;
out vec3 v_color;
flat out float v_icon;
flat out vec2 v_facing;
flat out float v_flags;
const float HALF = 20.0;
void main() {
  float done = a_glide.y > 0.0 ? clamp((u_now - a_glide.x) / a_glide.y, 0.0, 1.0) : 1.0;
  vec4 center = u_matrix * vec4(mix(a_way.xy, a_way.zw, done), 0.0, 1.0);
  float heading = radians(a_glide.z + a_glide.w * done);
  v_facing = vec2(sin(heading), cos(heading));
  v_at = a_corner * HALF;
  v_color = a_dress.rgb / 255.0;
  v_icon = a_dress.a;
  v_flags = a_flags;
  vec2 offset = a_corner * HALF * u_scale * 2.0 * u_ratio / u_viewport;
  gl_Position = vec4(center.xy + offset * center.w, center.z, center.w);
}`;

// Distances are in pixels of an unscaled pin; u_scale brings them to the screen.
const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_icons;
uniform float u_scale, u_ratio, u_badge;
in vec2 v_at;
in vec3 v_color;
flat in float v_icon;
flat in vec2 v_facing;
flat in float v_flags;
out vec4 color;
float edge(float distance) { return clamp(0.5 - distance * u_scale * u_ratio, 0.0, 1.0); }
float side(vec2 p, vec2 a, vec2 b) { vec2 d = normalize(b - a); return dot(p - a, vec2(d.y, -d.x)); }
float arrow(vec2 p) {
  p.x = abs(p.x);
  float outer = side(p, vec2(4.4, -5.2), vec2(0.0, 6.6));
  float notch = side(p, vec2(0.0, -2.7), vec2(4.4, -5.2));
  return max(outer, notch);
}
void over(inout vec4 below, vec3 paint, float alpha) { below = vec4(paint * alpha, alpha) + below * (1.0 - alpha); }
void main() {
  bool faded = mod(floor(v_flags / 2.0), 2.0) > 0.5;
  bool directed = mod(v_flags, 2.0) > 0.5;
  vec4 paint = vec4(0.0);
  float disc = length(v_at) - 9.5;
  over(paint, vec3(0.05, 0.08, 0.12), 0.30 * (1.0 - smoothstep(0.0, 5.5, length(v_at - vec2(0.0, -1.4)) - 9.6)));
  over(paint, vec3(1.0), edge(disc - 2.0));
  over(paint, v_color, edge(disc));
  vec2 ahead = vec2(v_at.x * v_facing.y - v_at.y * v_facing.x, dot(v_at, v_facing));
  over(paint, vec3(1.0), edge(directed ? arrow(ahead) : length(v_at) - 3.4) * step(0.5, u_scale));
  if (u_badge > 0.0 && !faded) {
    vec2 spot = v_at - vec2(10.0, 10.0);
    over(paint, vec3(1.0), u_badge * edge(length(spot) - 7.2));
    vec2 cell = clamp(spot / 12.0 + 0.5, 0.0, 1.0);
    float ink = texture(u_icons, vec2((v_icon + cell.x) / ${ICON_CELLS.toFixed(1)}, 1.0 - cell.y)).a;
    over(paint, v_color * 0.85, u_badge * ink * edge(length(spot) - 6.4));
  }
  color = paint * (faded ? 0.72 : 1.0);
}`;

/** Below this zoom pins shrink, and their badges go. */
const FULL_SIZE_ZOOM = 12;

/**
 * Draws all pins in one call. The card glides and turns them, so that twenty thousand cost no more per frame than ten:
 * the page itself works only when something arrives.
 */
export class PinsLayer implements CustomLayerInterface {
  readonly id = "pins";
  readonly type = "custom";
  readonly renderingMode = "2d";
  readonly #pins: Pins;
  readonly #now: () => number;
  readonly #rendered: (now: number) => void;
  #map: MapLibreMap | null = null;
  #program: WebGLProgram | null = null;
  #vertices: WebGLVertexArrayObject | null = null;
  #instances: WebGLBuffer | null = null;
  #icons: WebGLTexture | null = null;
  #uploaded = -1;

  /** `rendered` is told the time that a frame was drawn for, so that what the page draws itself moves along. */
  constructor(pins: Pins, now: () => number, rendered: (now: number) => void) {
    this.#pins = pins;
    this.#now = now;
    this.#rendered = rendered;
  }

  onAdd(map: MapLibreMap, gl: WebGL2RenderingContext): void {
    this.#map = map;
    this.#program = link(gl);
    this.#icons = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.#icons);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, drawIconSheet());
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    this.#describe(gl, this.#program);
    this.#uploaded = -1;
  }

  onRemove(_map: MapLibreMap, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.#program);
    gl.deleteVertexArray(this.#vertices);
    gl.deleteBuffer(this.#instances);
    gl.deleteTexture(this.#icons);
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const now = this.#now();
    this.#rendered(now);
    if (this.#map === null || this.#program === null || this.#pins.count === 0) return;
    this.#keepOriginNear(this.#map);
    gl.useProgram(this.#program);
    gl.bindVertexArray(this.#vertices);
    if (this.#uploaded !== this.#pins.revision) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#instances);
      gl.bufferData(gl.ARRAY_BUFFER, this.#pins.data, gl.DYNAMIC_DRAW);
      this.#uploaded = this.#pins.revision;
    }
    this.#setUniforms(gl, this.#program, this.#map, input, now);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#pins.count);
    gl.bindVertexArray(null);
  }

  #setUniforms(gl: WebGL2RenderingContext, program: WebGLProgram, map: MapLibreMap, input: CustomRenderMethodInput, now: number): void {
    const at = (name: string) => gl.getUniformLocation(program, name);
    const zoom = map.getZoom();
    gl.uniformMatrix4fv(at("u_matrix"), false, movedTo(input.defaultProjectionData.mainMatrix, this.#pins.origin));
    gl.uniform2f(at("u_viewport"), gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.uniform1f(at("u_ratio"), map.getPixelRatio());
    gl.uniform1f(at("u_now"), now);
    gl.uniform1f(at("u_scale"), Math.max(0.35, Math.min(1, 1 - (FULL_SIZE_ZOOM - zoom) * 0.16)));
    gl.uniform1f(at("u_badge"), Math.max(0, Math.min(1, (zoom - 10.6) * 2)));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#icons);
    gl.uniform1i(at("u_icons"), 0);
  }

  #keepOriginNear(map: MapLibreMap): void {
    const { lng, lat } = map.getCenter();
    const center = toPlace(lng, lat);
    const { origin } = this.#pins;
    if (Math.hypot(center.x - origin.x, center.y - origin.y) > 1 / 256) this.#pins.rebase(center);
  }

  #describe(gl: WebGL2RenderingContext, program: WebGLProgram): void {
    this.#vertices = gl.createVertexArray();
    gl.bindVertexArray(this.#vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "a_corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    this.#instances = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#instances);
    const parts = [["a_way", 4, gl.FLOAT, 0], ["a_glide", 4, gl.FLOAT, 16], ["a_dress", 4, gl.UNSIGNED_BYTE, 32], ["a_flags", 1, gl.UNSIGNED_BYTE, 36]] as const;
    for (const [name, size, type, offset] of parts) {
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, type, false, PIN_STRIDE, offset);
      gl.vertexAttribDivisor(place, 1);
    }
    gl.bindVertexArray(null);
  }
}

/** `matrix` times a translation to `origin`, reckoned in doubles: only the product is small enough for floats. */
function movedTo(matrix: ArrayLike<number>, origin: { x: number; y: number }): Float32Array {
  const moved = Float64Array.from(matrix);
  for (let row = 0; row < 4; row += 1) {
    moved[12 + row] = (matrix[row] ?? 0) * origin.x + (matrix[4 + row] ?? 0) * origin.y + (matrix[12 + row] ?? 0);
  }
  return Float32Array.from(moved);
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (shader === null) throw new Error("the graphics card is gone");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "shader");
  return program;
}
