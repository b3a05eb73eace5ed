#include "decoder.h"
#include "message.h"

#include <assert.h>
#include <libavutil/imgutils.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

/* What the first pass learns. Times are in the unit `base`. */
typedef struct extent {
  int64_t count;   /* frames */
  int64_t first;   /* presentation time of the first frame */
  int64_t last;    /* of the last one */
  int timed;       /* nonzero where every frame has its time; else a frame's time is its index */
  AVRational base; /* seconds: the stream's time base; 1 over its rate where frames have no times */
} extent;

/* From the first frame's time to the end of the last one's, which lasts as long as the average. */
static int64_t duration(const extent *e) {
  if (e->count < 2) return 1;
  int64_t spacing = av_rescale(e->last - e->first, 1, e->count - 1);
  return e->last - e->first + (spacing > 0 ? spacing : 1);
}

/* Reads packets without decoding: fast, but a packet need not be a frame. */
static void scan_packets(cv_decoder *decoder, extent *e) {
  *e = (extent){.timed = 1, .base = decoder->stream->time_base};
  while (cv_decoder_read(decoder)) {
    int64_t time = decoder->packet->pts;
    if (time == AV_NOPTS_VALUE) e->timed = 0;
    if (!(decoder->packet->flags & AV_PKT_FLAG_DISCARD)) {
      if (e->count == 0 || time < e->first) e->first = time;
      if (e->count == 0 || time > e->last) e->last = time;
      e->count++;
    }
    av_packet_unref(decoder->packet);
  }
}

static void scan_frames(cv_decoder *decoder, AVFrame *frame, extent *e) {
  *e = (extent){.timed = 1, .base = decoder->stream->time_base};
  while (cv_decoder_next(decoder, frame)) {
    int64_t time = frame->best_effort_timestamp;
    if (time == AV_NOPTS_VALUE || (e->count > 0 && time <= e->last)) e->timed = 0;
    if (e->count == 0) e->first = time;
    e->last = time;
    e->count++;
    av_frame_unref(frame);
  }
  if (!e->timed) {
    e->first = 0;
    e->last = e->count - 1;
    e->base = av_inv_q(decoder->stream->avg_frame_rate);
  }
}

static cv_status scan(const char *path, int32_t maximum, extent *e, char *message,
                      size_t capacity) {
  cv_decoder decoder;
  cv_status status = cv_decoder_open(&decoder, path, 0, message, capacity);
  if (status != CV_OK) return status;
  scan_packets(&decoder, e);
  cv_decoder_close(&decoder);
  /* Packets that are half a frame, or hidden, do not move the middles of a long video; for a short
   * one the number of frames itself matters. */
  if (e->timed && e->count > (int64_t)4 * maximum) return CV_OK;

  status = cv_decoder_open(&decoder, path, 1, message, capacity);
  if (status != CV_OK) return status;
  AVFrame *frame = av_frame_alloc();
  if (frame == NULL) {
    status = cv_fail(CV_NO_MEMORY, message, capacity, "out of memory");
  } else {
    scan_frames(&decoder, frame, e);
    if (e->count == 0) {
      status = cv_fail(CV_DAMAGED, message, capacity, "no frame that can be decoded");
    }
  }
  av_frame_free(&frame);
  cv_decoder_close(&decoder);
  return status;
}

/* Which frames are wanted: those nearest to the middles first + (2i + 1) * numerator / denominator
 * of so many parts. */
typedef struct grid {
  int32_t parts;
  __int128 numerator, denominator;
  int all; /* nonzero: every frame instead, where there are not more than parts */
} grid;

/* Converts frames and hands them on. */
typedef struct outlet {
  struct SwsContext *scaler;
  uint8_t *planes[4]; /* RGB with padded rows, which the scaler may overwrite */
  int strides[4];
  uint8_t *rgb; /* the same without padding */
  int width, height;
  /* One of the two. */
  cv_deliver deliver;
  cv_deliver_part deliver_part;
  int32_t parts; /* for deliver_part */
  double duration;
  void *context;
  char *message;
  size_t capacity;
} outlet;

static void close_outlet(outlet *out) {
  sws_freeContext(out->scaler);
  av_freep(&out->planes[0]);
  free(out->rgb);
}

static int resize_outlet(outlet *out, int width, int height) {
  if (out->width == width && out->height == height) return 1;
  av_freep(&out->planes[0]);
  free(out->rgb);
  out->width = out->height = 0;
  out->rgb = malloc((size_t)width * (size_t)height * 3);
  if (out->rgb == NULL) return 0;
  if (av_image_alloc(out->planes, out->strides, width, height, AV_PIX_FMT_RGB24, 64) < 0) return 0;
  out->width = width;
  out->height = height;
  return 1;
}

static int hand_on(outlet *out, int32_t part) {
  if (out->deliver != NULL) return out->deliver(out->context, out->rgb, out->width, out->height);
  return out->deliver_part(out->context, out->rgb, out->width, out->height, part, out->parts,
                           out->duration);
}

static cv_status deliver_frame(outlet *out, const AVFrame *frame, int32_t part) {
  int width = frame->width, height = frame->height;
  const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(frame->format);
  if (width < 1 || height < 1 || (int64_t)width * height > CV_MAXIMUM_PIXELS || kind == NULL) {
    return cv_fail(CV_UNSUPPORTED, out->message, out->capacity, "a frame of an unusable size");
  }
  if (!resize_outlet(out, width, height)) {
    return cv_fail(CV_NO_MEMORY, out->message, out->capacity, "out of memory");
  }
  /* Size and format can change within a stream; the context is kept while they do not. */
  out->scaler = sws_getCachedContext(
      out->scaler, width, height, frame->format, width, height, AV_PIX_FMT_RGB24,
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, NULL, NULL, NULL);
  if (out->scaler == NULL) {
    return cv_fail(CV_UNSUPPORTED, out->message, out->capacity, "a pixel format without converter");
  }
  if (!(kind->flags & AV_PIX_FMT_FLAG_RGB)) {
    int space =
        frame->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)frame->colorspace;
    int full = frame->color_range == AVCOL_RANGE_JPEG;
    /* Refused for formats that have no matrix (grey, for example), which need none. */
    (void)sws_setColorspaceDetails(out->scaler, sws_getCoefficients(space), full,
                                   sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  }
  if (sws_scale(out->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, height,
                out->planes, out->strides) != height) {
    return cv_fail(CV_DAMAGED, out->message, out->capacity, "a frame that cannot be converted");
  }
  size_t row = (size_t)width * 3;
  for (int y = 0; y < height; y++) {
    memcpy(out->rgb + (size_t)y * row, out->planes[0] + (ptrdiff_t)y * out->strides[0], row);
  }
  if (hand_on(out, part) != 0) {
    return cv_fail(CV_STOPPED, out->message, out->capacity, "stopped");
  }
  return CV_OK;
}

/* The second pass: walks the frames with the one before at hand, and picks for each middle. */
typedef struct picker {
  cv_decoder *decoder;
  const extent *extent;
  AVFrame *frame;  /* the frame just decoded */
  AVFrame *before; /* the one before it; without data where there is none */
  int64_t time;    /* of frame */
  int64_t before_time;
  int64_t index; /* of the next frame */
  int seekable;
  int32_t jumped; /* the last middle we jumped towards, plus 1: one jump each */
} picker;

/* denominator * (time - first), in which unit middle i is (2i + 1) * numerator: exact comparisons.
 */
static __int128 scaled(const picker *p, int64_t time, const grid *g) {
  return g->denominator * (time - p->extent->first);
}

/* Moves to the next frame; the last one becomes the one before. */
static int advance(picker *p) {
  av_frame_unref(p->before);
  av_frame_move_ref(p->before, p->frame);
  p->before_time = p->time;
  if (!cv_decoder_next(p->decoder, p->frame)) return 0;
  int64_t time = p->extent->timed ? p->frame->best_effort_timestamp : p->index;
  int has_before = p->before->data[0] != NULL;
  if (time == AV_NOPTS_VALUE) time = has_before ? p->before_time : p->extent->first;
  p->time = has_before && time < p->before_time ? p->before_time : time;
  p->index++;
  return 1;
}

/* Jumps towards middle `part` at time `middle` where it is far ahead. Decoding from a key frame
 * gives the same pixels as decoding all that comes before it, so this only saves time. Returns 0
 * where the position is lost. */
static int jump(picker *p, int32_t part, int64_t middle) {
  AVRational base = p->decoder->stream->time_base;
  int64_t second = av_rescale(1, base.den, base.num);
  if (!p->seekable || p->jumped > part || middle - p->time < 8 * second) return 1;
  p->jumped = part + 1;
  /* One second early: containers seek by decoding time, which precedes presentation. */
  if (!cv_decoder_seek(p->decoder, middle - second)) return 0;
  int64_t old = p->time;
  av_frame_unref(p->frame);
  av_frame_unref(p->before);
  if (!advance(p) || p->time > middle) return 0;
  /* Key frames so rare that we landed behind ourselves: decode straight on from here. */
  if (p->time <= old) p->seekable = 0;
  return 1;
}

/* Delivers the frames for middles [*done, parts). Returns CV_OK with *done < parts where seeking
 * lost the position, and the rest must be picked without it. */
static cv_status pick(picker *p, const grid *g, int32_t *done, outlet *out) {
  int more = advance(p);
  if (!more) {
    return cv_fail(CV_DAMAGED, out->message, out->capacity, "no frame that can be decoded");
  }
  while (*done < g->parts) {
    __int128 middle = (2 * (__int128)*done + 1) * g->numerator;
    if (more && scaled(p, p->time, g) < middle) {
      int64_t time = p->extent->first + (int64_t)(middle / g->denominator);
      if (!jump(p, *done, time)) return CV_OK;
      if (scaled(p, p->time, g) < middle) more = advance(p);
      continue;
    }
    /* After the last frame the one before is the last; else `frame` is the first at or after. */
    int earlier = !more || (p->before->data[0] != NULL && middle - scaled(p, p->before_time, g) <=
                                                              scaled(p, p->time, g) - middle);
    cv_status status = deliver_frame(out, earlier ? p->before : p->frame, *done);
    if (status != CV_OK) return status;
    ++*done;
  }
  return CV_OK;
}

/* Delivers every frame, at most `maximum`. */
static cv_status deliver_all(picker *p, int32_t maximum, outlet *out) {
  int32_t done = 0;
  for (; done < maximum && cv_decoder_next(p->decoder, p->frame); done++) {
    cv_status status = deliver_frame(out, p->frame, done);
    if (status != CV_OK) return status;
    av_frame_unref(p->frame);
  }
  return done > 0
             ? CV_OK
             : cv_fail(CV_DAMAGED, out->message, out->capacity, "no frame that can be decoded");
}

/* The containers whose index makes seeking exact. */
static int has_index(const cv_decoder *decoder) {
  const char *name = decoder->format->iformat->name;
  return strstr(name, "mp4") != NULL || strstr(name, "matroska") != NULL;
}

static cv_status second_pass(const char *path, const extent *e, const grid *g, int32_t *done,
                             int seek, outlet *out) {
  cv_decoder decoder;
  cv_status status = cv_decoder_open(&decoder, path, 1, out->message, out->capacity);
  if (status != CV_OK) return status;
  picker p = {.decoder = &decoder,
              .extent = e,
              .frame = av_frame_alloc(),
              .before = av_frame_alloc(),
              .seekable = seek && e->timed && has_index(&decoder)};
  if (p.frame == NULL || p.before == NULL) {
    status = cv_fail(CV_NO_MEMORY, out->message, out->capacity, "out of memory");
  } else if (g->all) {
    status = deliver_all(&p, g->parts, out);
    *done = g->parts;
  } else {
    status = pick(&p, g, done, out);
  }
  av_frame_free(&p.frame);
  av_frame_free(&p.before);
  cv_decoder_close(&decoder);
  return status;
}

/* Delivers what the grid wants, jumping where that is possible. */
static cv_status deliver_grid(const char *path, const extent *e, const grid *g, outlet *out) {
  int32_t done = 0;
  cv_status status = second_pass(path, e, g, &done, 1, out);
  if (status == CV_OK && done < g->parts) status = second_pass(path, e, g, &done, 0, out);
  close_outlet(out);
  return status;
}

/* Looks at a stream that has to say its times; gives its length in seconds. */
static cv_status scan_times(const char *path, extent *e, double *seconds, char *message,
                            size_t capacity) {
  cv_status status = scan(path, 0, e, message, capacity);
  if (status != CV_OK) return status;
  if (e->base.num <= 0 || e->base.den <= 0) {
    return cv_fail(CV_UNSUPPORTED, message, capacity, "no times of frames");
  }
  *seconds = (double)duration(e) * av_q2d(e->base);
  return CV_OK;
}

int32_t cv_interface(void) { return CV_INTERFACE; }

cv_status cv_duration(const char *path, double *seconds, char *message, size_t capacity) {
  extent e;
  return scan_times(path, &e, seconds, message, capacity);
}

cv_status cv_sample(const char *path, int32_t maximum, cv_deliver deliver, void *context,
                    char *message, size_t capacity) {
  assert(maximum > 0);
  extent e;
  cv_status status = scan(path, maximum, &e, message, capacity);
  if (status != CV_OK) return status;
  outlet out = {.deliver = deliver, .context = context, .message = message, .capacity = capacity};
  grid g = {.parts = maximum,
            .numerator = duration(&e),
            .denominator = (__int128)2 * maximum,
            .all = e.count <= maximum};
  return deliver_grid(path, &e, &g, &out);
}

cv_status cv_sample_every(const char *path, int64_t interval, cv_deliver_part deliver,
                          void *context, char *message, size_t capacity) {
  assert(interval > 0);
  extent e;
  double seconds = 0;
  cv_status status = scan_times(path, &e, &seconds, message, capacity);
  if (status != CV_OK) return status;
  /* In units of 1 / (2000 * base.den) seconds: duration / interval, rounded half up. */
  __int128 length = (__int128)duration(&e) * e.base.num * 2000;
  __int128 part = (__int128)interval * e.base.den;
  __int128 parts = (length + part) / (2 * part);
  if (parts > INT32_MAX) {
    return cv_fail(CV_UNSUPPORTED, message, capacity, "more parts than can be counted");
  }
  outlet out = {.deliver_part = deliver,
                .parts = parts < 1 ? 1 : (int32_t)parts,
                .duration = seconds,
                .context = context,
                .message = message,
                .capacity = capacity};
  grid g = {.parts = out.parts, .numerator = part, .denominator = (__int128)2000 * e.base.num};
  return deliver_grid(path, &e, &g, &out);
}
