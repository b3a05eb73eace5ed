public import ArgumentParser
public import Captioning

extension CaptionOptions.Search: ExpressibleByArgument {}
extension CaptionOptions.EarlyStopping: ExpressibleByArgument {}
