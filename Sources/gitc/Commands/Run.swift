import ArgumentParser
import Captioning
import Diagnostics
import Evaluation

/// `gitc run`: from pictures and clips to captions.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Caption images, videos and folders of frames.",
    discussion: """
      INPUT is an image (JPEG, PNG, WebP), a video, a folder of frames, an .npy array of normalised \
      pixels, an image TSV (one result per row, named FILE#KEY), or - for paths on stdin, one per \
      line. With --each, a folder is its images, one result each.

      text is the caption alone for one input, else INPUT, tab, caption; with several questions, each \
      answer has its question before it. srt and vtt show the inputs one after the other, a video for \
      its duration, everything else for a second. An input that cannot be read has an error in its \
      place in json and jsonl, and a line on stderr; the others go on, and the exit code is 65.

      An input is looked at once, however many beams, samples and questions there are. Inputs that are \
      alike are captioned in batches while the next ones are read; the results are those of each alone.

      With --every, an input is a stream: every so many seconds there is a caption of the latest frames, \
      as many as --frames says, each of which is looked at once. text has the time before the caption, \
      json start and end in seconds, srt and vtt a cue for each. Images of a folder, rows of a table and \
      frames of an array count as a second each.

      Example: gitc run scenes.plan photo.jpg
               gitc run scenes.plan clip.mp4 frames/ --beam 4 --format json
               gitc run git.plan photo.jpg --question 'what is this?' --question 'what colour is it?'
               gitc run git.plan photo.jpg --search original --format json
               gitc run git.plan photo.jpg --sample --top-p 0.9 --seed 7 --alternatives 5 --format json
               gitc run git.plan photo.jpg --classes names.txt --beam 5 --alternatives 5 --format json
               gitc run git-video.plan talk.mp4 --every 2 --format srt -o talk.srt
               find photos -name '*.jpg' | gitc run scenes.plan - --format jsonl -o captions.jsonl
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Argument(help: ArgumentHelp("What to caption.", valueName: "input"))
  var inputs: [String]

  @OptionGroup var captioning: CaptioningOptions

  @Option(help: "text, json, jsonl, srt or vtt.")
  var format = CaptionFormat.text

  @Flag(help: "The images of a folder are inputs of their own.")
  var each = false

  @Flag(help: "Turn photos upright as their EXIF data says; without it they are taken as stored.")
  var exif = false

  @Option(
    help: ArgumentHelp("A caption every so many seconds of a video.", valueName: "seconds"))
  var every: Double?

  @Option(
    help: ArgumentHelp(
      "The most images and frames captioned at once (default: 8; 1 with paths from stdin).",
      valueName: "n"))
  var batch: Int?

  @Option(name: .shortAndLong, help: "File to write instead of stdout.")
  var output: String?

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if captioning.question.count > 1, format.hasTimes {
      throw ValidationError("\(format.rawValue) shows one answer at a time; ask one question")
    }
    if let every, !(0.001...86_400).contains(every) {
      throw ValidationError("--every takes 0.001 to 86400 seconds, not \(every)")
    }
    if let batch, !(1...4096).contains(batch) {
      throw ValidationError("--batch takes 1 to 4096, not \(batch)")
    }
    if every != nil, each {
      throw ValidationError("--every takes a folder as one stream; leave out --each")
    }
    if every != nil, batch != nil {
      throw ValidationError("--every goes on frame by frame; leave out --batch")
    }
  }

  func run() throws {
    let walk = InputWalk(paths: inputs, each: each)
    let captioner = try execution.captioner(plan)
    captioner.turnsPhotosUpright = exif
    let questions = captioning.questions
    var run = CaptionRun(
      captioner: captioner, options: try captioning.values(for: captioner), questions: questions,
      printer: CaptionPrinter(
        format, isSingle: walk.isSingle, tellsQuestions: questions.count > 1))
    let limit = batch ?? (inputs.contains("-") ? 1 : [InputPixels].usualFrames)
    try ResultFile.write(to: output) { put throws(InputError) in
      if let every {
        try run.allStreams(walk, every: Int((every * 1000).rounded()), put)
      } else {
        try run.all(walk, limit: limit, put)
      }
    }
    if let failure = run.failures.first {
      throw walk.isSingle ? ExitStatus(failure.kind).code : ExitStatus.badData.code
    }
  }
}
