/// Words that signs show: everyday, three or four letters.
enum SignWords {
  static let all = """
    sun cat dog bus car map tea cup hat pen box key fox owl bee ant cow pig hen egg jam pie nut oil ice \
    sea sky air day eye ear arm leg toe lip hip rib bat bag bed bell bird boat book bowl cake call camp \
    card city clay club coal coat coin cold cook corn deer desk dish door drum duck dust east exit face \
    farm fast fern fire fish flag food foot fork fort frog game gate gift girl glow goat gold golf good \
    gray hall hand harp hill home hope horn hour iron jazz joke jump kite knee lake lamp land leaf lime \
    lion list lock log loud luck mail milk mint moon moss moth move mud name nest news north note oak \
    oar oat open oven page palm park path pear pine pink pipe plum pond pool port quiz race rail rain \
    rest rice ring road rock roof room rope rose rug salt sand seed shed ship shoe shop silk sing sled \
    snow soap song soup star stop swim taxi team tent tile time tire town toy tree tub tune vase vest \
    view vine walk wall wave wax west wind wing wolf wood wool yard year yes zero zinc zip zone zoo
    """.split(separator: " ").map(String.init).filter { $0.utf8.count <= 4 }
}
