import Data
import Diagnostics
import FoundationEssentials
import Media
import Testing

@Suite("A data set of every form") struct DatasetFormTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(
    _ name: String, images: String? = nil, split: String? = nil, annotations: String? = nil
  ) throws -> any Dataset {
    try DatasetForm.open(
      DatasetLocation(
        path: folder[name], images: images.map { folder[$0] }, split: split,
        annotations: annotations.map { folder[$0] }))
  }

  private func error(_ name: String, images: String? = nil, split: String? = nil) throws
    -> InputError
  {
    try #require(throws: InputError.self) { try open(name, images: images, split: split) }
  }

  private func texts(_ set: any Dataset) -> [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: (0..<set.count).map {
        (set.key($0), set.annotations($0).map(\.caption))
      })
  }

  @Test("COCO captions, with entries that are damaged and images that are missing")
  func coco() throws {
    try folder.picture("val/000000000007.png", shade: 1)
    try folder.picture("val/b.png", shade: 2)
    try folder.write(
      """
      {"images": [{"id": 7, "file_name": "000000000007.png"}, {"id": 8, "file_name": "b.png"},
                  {"id": 9, "file_name": "gone.png"}, {"id": "x", "file_name": 3}],
       "annotations": [{"id": 1, "image_id": 7, "caption": "a cat"},
                       {"id": 2, "image_id": 8, "caption": "a dog"},
                       {"id": 3, "image_id": 7, "caption": "a small cat"},
                       {"id": 4, "image_id": 9, "caption": "nothing"},
                       {"id": 5, "image_id": 9, "caption": "still nothing"},
                       {"id": 6, "image_id": 8}, {"id": 7, "image_id": 8, "caption": [3]}]}
      """, "captions.json")
    let set = try open("captions.json", images: "val")
    #expect(texts(set) == ["7": ["a cat", "a small cat"], "8": ["a dog"]])
    #expect(set.frames == .fixed(1))
    #expect(try set.images(1, frames: 1) == [Picture.image(shade: 2)])
    // One image, however many captions; two entries.
    #expect(set.skipped.count == 3)
    let summary = try #require(set.skipped.summary)
    #expect(summary.contains("gone.png") || summary.contains("key 9"))
    #expect(summary.contains("entry 6") && summary.contains("entry 7"))
    #expect(try error("captions.json", images: "none").kind == .noInput)
    #expect(try error("captions.json", images: "val", split: "val").kind == .usage)
    try folder.picture("other/x.png", shade: 1)
    #expect(try error("captions.json", images: "other").what == "data set is empty")
  }

  @Test("Karpathy's split, one part, several or all")
  func karpathy() throws {
    for name in ["train2014/a", "val2014/b", "val2014/c"] {
      try folder.picture("\(name).png", shade: 1)
    }
    func image(_ id: Int, _ path: String, _ name: String, _ split: String) -> String {
      """
      {"filepath": "\(path)", "filename": "\(name)", "cocoid": \(id), "imgid": 0, "split": "\(split)",
       "sentences": [{"raw": "text \(id)", "tokens": ["text"]}, {"tokens": []}]}
      """
    }
    let images = [
      image(1, "train2014", "a.png", "train"), image(2, "val2014", "b.png", "restval"),
      image(3, "val2014", "c.png", "test"), "{\"split\": \"test\"}",
    ]
    try folder.write(
      "{\"dataset\": \"coco\", \"images\": [\(images.joined(separator: ","))]}", "dataset_coco.json"
    )
    #expect(texts(try open("dataset_coco.json", split: "test")) == ["3": ["text 3"]])
    #expect(
      texts(try open("dataset_coco.json", split: "train+restval")) == [
        "1": ["text 1"], "2": ["text 2"],
      ])
    #expect(try open("dataset_coco.json").count == 3)
    let unknown = try error("dataset_coco.json", split: "val")
    #expect(unknown.kind == .usage && unknown.expected == "restval, test, train")
  }

  @Test("VQAv2, named by either file")
  func questions() throws {
    try folder.picture("COCO_val2014_000000000042.png", shade: 3)
    let (questions, answers) = (
      "v2_OpenEnded_mscoco_val2014_questions.json", "v2_mscoco_val2014_annotations.json"
    )
    try folder.write(
      """
      {"questions": [{"image_id": 42, "question": "what is it?", "question_id": 420},
                     {"image_id": 42, "question": "why?", "question_id": 421},
                     {"image_id": 43, "question": "who?", "question_id": 422}]}
      """, questions)
    try folder.write(
      """
      {"annotations": [
        {"question_id": 420, "image_id": 42, "multiple_choice_answer": "cat",
         "answers": [{"answer": "cat", "answer_id": 1}, {"answer": "a cat", "answer_id": 2}]},
        {"question_id": 422, "image_id": 43, "answers": [{"answer": "me", "answer_id": 1}]}]}
      """, answers)
    for name in [questions, answers] {
      let set = try open(name)
      #expect(set.count == 1)
      #expect(
        set.annotations(0) == [
          TextSample(key: "42", caption: "cat", question: "what is it?", id: "420"),
          TextSample(key: "42", caption: "a cat", question: "what is it?", id: "420"),
        ])
      // No answer to one question, no image of another.
      #expect(set.skipped.count == 2)
    }
    try FileManager.default.moveItem(atPath: folder[answers], toPath: folder["answers.json"])
    #expect(try open(questions, annotations: "answers.json").count == 1)
    #expect(try error(questions).what == "the answers to these questions are missing")
  }

  @Test("Visual Genome's regions are cut out of their images")
  func regions() throws {
    try folder.picture("VG_100K/5.png", shade: 4)
    try folder.write(
      """
      [{"id": 5, "regions": [
        {"region_id": 10, "image_id": 5, "phrase": "a part", "x": 1, "y": 2, "width": 3, "height": 9},
        {"region_id": 11, "image_id": 5, "phrase": "outside", "x": 70, "y": 0, "width": 3, "height": 1},
        {"region_id": 12, "image_id": 5, "phrase": "no place"}]}, {"id": 6}]
      """, "region_descriptions.json")
    let set = try open("region_descriptions.json")
    #expect(texts(set) == ["10": ["a part"], "11": ["outside"]])
    #expect(set.skipped.count == 2)
    let whole = Picture.image(shade: 4)
    #expect(
      try set.images(0, frames: 1) == [whole.cropped(left: 1, top: 2, width: 3, height: 2)])
    #expect(throws: InputError.self) { try set.images(1, frames: 1) }
  }

  @Test("Class folders: the text is the folder's name")
  func classes() throws {
    for name in ["tabby_cat/1", "tabby_cat/2", "dog/1"] {
      try folder.picture("set/\(name).png", shade: 1)
    }
    try folder.write("not an image", "set/dog/readme.md")
    let set = try open("set")
    #expect(
      texts(set) == [
        "tabby_cat/1.png": ["tabby cat"], "tabby_cat/2.png": ["tabby cat"], "dog/1.png": ["dog"],
      ])
    // A folder of images is no such set.
    #expect(try DatasetForm.of(folder["set/dog"]) == nil)
    #expect(try error("set/dog").kind == .usage)
  }

  @Test("HuggingFace's imagefolder, with lines that are damaged")
  func metadata() throws {
    try folder.picture("set/a.png", shade: 1)
    try folder.picture("set/more/b.png", shade: 2)
    try folder.write(
      """
      {"file_name": "a.png", "text": "first"}
      {"file_name": "more/b.png", "question": "what?", "answer": "second"}
      {"file_name": "gone.png", "text": "third"}

      {"file_name": "a.png", "text":
      {"text": "no file"}
      """, "set/metadata.jsonl")
    for name in ["set", "set/metadata.jsonl"] {
      let set = try open(name)
      #expect(texts(set) == ["a.png": ["first"], "more/b.png": ["second"]])
      #expect(set.annotations(1).map(\.question) == ["what?"])
      #expect(set.skipped.count == 3)
    }
  }

  @Test("Video lists of MSR-VTT, VATEX, MSVD and questions, over folders of frames")
  func videos() throws {
    for (index, name) in ["video0", "video1.mp4-frames", "abc_000010_000020"].enumerated() {
      for frame in 1...3 {
        try folder.picture("videos/\(name)/\(frame).png", shade: 3 * index + frame)
      }
    }
    try folder.write(
      """
      {"videos": [{"video_id": "video0", "split": "train"}, {"video_id": "video1", "split": "test"}],
       "sentences": [{"sen_id": 0, "video_id": "video0", "caption": "one"},
                     {"sen_id": 1, "video_id": "video1", "caption": "two"},
                     {"sen_id": 2, "video_id": "video0", "caption": "three"},
                     {"sen_id": 3, "video_id": "video9", "caption": "four"}]}
      """, "msrvtt.json")
    let set = try open("msrvtt.json", images: "videos")
    #expect(texts(set) == ["video0": ["one", "three"], "video1": ["two"]])
    #expect(set.frames == .any && set.skipped.count == 1)
    #expect(try set.images(0, frames: 2).count == 2)
    // Every frame at least once, in order.
    #expect(try set.images(1, frames: 6) == [4, 4, 5, 5, 6, 6].map { Picture.image(shade: $0) })
    #expect(texts(try open("msrvtt.json", images: "videos", split: "test")) == ["video1": ["two"]])

    try folder.write(
      """
      [{"videoID": "abc_000010_000020", "enCap": ["five", "six"], "chCap": ["七"]},
       {"videoID": "gone_000000_000001", "enCap": ["seven"]}, {"videoID": 3.5}]
      """, "vatex.json")
    let vatex = try open("vatex.json", images: "videos")
    #expect(texts(vatex) == ["abc_000010_000020": ["five", "six"]])
    #expect(vatex.skipped.count == 2)

    try folder.write(
      """
      # comment

      abc_000010_000020 a cat sits
      abc_000010_000020 a cat is sitting
      no sentence
      gone_1_2 nothing
      """, "AllVideoDescriptions.txt")
    let msvd = try open("AllVideoDescriptions.txt", images: "videos")
    #expect(texts(msvd) == ["abc_000010_000020": ["a cat sits", "a cat is sitting"]])
    #expect(msvd.skipped.count == 2)

    try folder.write(
      """
      [{"id": 1, "video_id": "video0", "question": "who?", "answer": "man", "category_id": 1}]
      """, "train_qa.json")
    let answers = try open("train_qa.json", images: "videos")
    #expect(answers.annotations(0) == [TextSample(key: "video0", caption: "man", question: "who?")])
  }

  @Test("Lists of images as LAVIS, TextCaps and TextVQA have them")
  func lists() throws {
    try folder.picture("images/a.png", shade: 1)
    try folder.write(
      """
      [{"image": "coco/images/a.png", "caption": ["one", "two"], "image_id": "coco_1"}, 3]
      """, "list.json")
    #expect(texts(try open("list.json", images: "images")).values.first == ["one", "two"])
    try folder.write(
      """
      {"data": [{"image_id": "a", "caption_str": "three", "set_name": "val"},
                {"image_id": "a", "question": "q?", "answers": ["x", "y"], "set_name": "train"}]}
      """, "TextCaps.json")
    #expect(
      texts(try open("TextCaps.json", images: "images", split: "val")).values.first == ["three"])
    #expect(try open("TextCaps.json", images: "images", split: "train").annotations(0).count == 2)
  }

  @Test(
    "What is no data set says so before anything else", arguments: ["{", "[]", "{\"a\": 1}", "3"])
  func nothing(json: String) throws {
    try folder.write(json, "x.json")
    #expect(try error("x.json").kind == .badData)
    #expect(try error("missing.json").kind == .noInput)
    #expect(try error("missing").kind == .noInput)
    #expect(try error("missing.img.tsv").kind == .noInput)
  }
}
