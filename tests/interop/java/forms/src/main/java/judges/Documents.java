package judges;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;

import org.ofdrw.core.annotation.pageannot.AnnotType;
import org.ofdrw.layout.OFDDoc;
import org.ofdrw.layout.PageLayout;
import org.ofdrw.layout.edit.Annotation;
import org.ofdrw.layout.edit.Attachment;
import org.ofdrw.layout.edit.Watermark;
import org.ofdrw.layout.element.Img;
import org.ofdrw.layout.element.PageAreaFiller;
import org.ofdrw.layout.element.Paragraph;
import org.ofdrw.layout.element.canvas.FontSetting;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.NumberFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.StandFormatAtomicSignID;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.GBT35275PKCS9DSContainer;
import org.ofdrw.sign.signContainer.SESV1Container;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;
import org.ofdrw.sign.stamppos.RidingStampPos;
import org.ofdrw.sign.stamppos.Side;

/** OFD files as ofdrw writes them, with what may ride in one, signed in each form that it knows. */
final class Documents {
    private Documents() {
    }

    /** words: out, picture, attachment, then options: pages, image, annotation, watermark, attachment. */
    static String make(String[] words) throws Exception {
        Path out = Paths.get(words[1]);
        Path picture = Paths.get(words[2]);
        Path attachment = Paths.get(words[3]);
        List<String> options = Arrays.asList(words).subList(4, words.length);
        try (OFDDoc document = new OFDDoc(out)) {
            document.add(new Paragraph("测试合同第一页"));
            if (options.contains("image")) {
                document.add(new Img(40d, 40d, picture));
            }
            if (options.contains("pages")) {
                document.add(new PageAreaFiller());
                document.add(new Paragraph("测试合同第二页"));
            }
            if (options.contains("attachment")) {
                document.addAttachment(new Attachment("数据", attachment));
            }
        }
        List<String> further = options.stream().filter(List.of("annotation", "watermark")::contains).toList();
        if (!further.isEmpty()) {
            Path edited = out.resolveSibling("edited-" + out.getFileName());
            edit(out, edited, attachment, further);
            Files.move(edited, out, StandardCopyOption.REPLACE_EXISTING);
        }
        return out.toString();
    }

    /** Adds an annotation to page 1, a watermark to every page, an attachment: to a file that is signed or not. */
    static String edit(Path in, Path out, Path attachment, List<String> options) throws Exception {
        try (OFDReader reader = new OFDReader(in); OFDDoc document = new OFDDoc(reader, out)) {
            if (options.contains("annotation")) {
                document.addAnnotation(1, new Annotation(50d, 60d, 70d, 8d, AnnotType.Stamp, context -> {
                    context.setFont(FontSetting.getInstance(5d));
                    context.fillText("已核", 2, 6);
                }));
            }
            if (options.contains("watermark")) {
                document.addWatermark(new Watermark(new PageLayout(210d, 297d)).setValue("样本"));
            }
            if (options.contains("attachment")) {
                document.addAttachment(new Attachment("补充", attachment));
            }
        }
        return out.toString();
    }

    /**
     * words: form (ses-v1, ses-v4, gbt35275, gbt35275-pkcs9), in, out, key (PKCS#8), certificate, seal, then options:
     * whole, riding, standard-id.
     */
    static String sign(String[] words) throws Exception {
        Path out = Paths.get(words[3]);
        PrivateKey key = KeyFactory.getInstance("EC", "BC").generatePrivate(
                new PKCS8EncodedKeySpec(Files.readAllBytes(Paths.get(words[4]))));
        Certificate certificate;
        try (InputStream stream = Files.newInputStream(Paths.get(words[5]))) {
            certificate = CertificateFactory.getInstance("X.509", "BC").generateCertificate(stream);
        }
        List<String> options = Arrays.asList(words).subList(7, words.length);
        try (OFDReader reader = new OFDReader(Paths.get(words[2]));
             OFDSigner signer = new OFDSigner(reader, out, options.contains("standard-id")
                     ? new StandFormatAtomicSignID() : new NumberFormatAtomicSignID())) {
            signer.setSignMode(options.contains("whole") ? SignMode.WholeProtected : SignMode.ContinueSign);
            signer.setSignContainer(container(words[1], key, certificate, Paths.get(words[6])));
            if (words[1].startsWith("ses")) {
                signer.addApPos(new NormalStampPos(1, 140, 220, 42, 42));
                if (options.contains("riding")) {
                    signer.addApPos(new RidingStampPos(Side.Right, 42, 42));
                }
            }
            signer.exeSign();
        }
        return out.toString();
    }

    private static ExtendSignatureContainer container(String form, PrivateKey key, Certificate certificate, Path seal) throws Exception {
        return switch (form) {
            case "ses-v1" -> new SESV1Container(key, org.ofdrw.gm.ses.v1.SESeal.getInstance(Files.readAllBytes(seal)), certificate);
            case "ses-v4" -> new SESV4Container(key, org.ofdrw.gm.ses.v4.SESeal.getInstance(Files.readAllBytes(seal)), certificate);
            case "gbt35275" -> new GBT35275DSContainer(certificate, key);
            case "gbt35275-pkcs9" -> new GBT35275PKCS9DSContainer(certificate, key);
            default -> throw new IllegalArgumentException("unknown form " + form);
        };
    }
}
