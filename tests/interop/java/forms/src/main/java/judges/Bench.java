package judges;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Locale;

import com.sun.management.OperatingSystemMXBean;

import org.ofdrw.gm.cert.PKCGenerate;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.layout.OFDDoc;
import org.ofdrw.layout.PageLayout;
import org.ofdrw.layout.element.Paragraph;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.NumberFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/** ofdrw's share of the same work, timed warm on one thread: draw the text, seal a document, check one. */
final class Bench {
    private Bench() {
    }

    private interface Step {
        void run() throws Exception;
    }

    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** Documents a second by the clock, and a second of processor time, over the runs, after as many to warm up. */
    private static double[] rate(int runs, Step step) throws Exception {
        for (int i = 0; i < runs; i++) {
            step.run();
        }
        long start = System.nanoTime();
        long used = SYSTEM.getProcessCpuTime();
        for (int i = 0; i < runs; i++) {
            step.run();
        }
        used = SYSTEM.getProcessCpuTime() - used;
        return new double[] {runs * 1e9 / (System.nanoTime() - start), runs * 1e9 / used};
    }

    static String run(String packageFile, String sealFile, String certificateFile, String textFile, int runs) throws Exception {
        Path sealed = Paths.get(packageFile);
        List<String> lines = Files.readAllLines(Paths.get(textFile));
        SESeal seal = SESeal.getInstance(Files.readAllBytes(Paths.get(sealFile)));
        Certificate certificate;
        try (var in = Files.newInputStream(Paths.get(certificateFile))) {
            certificate = CertificateFactory.getInstance("X.509", "BC").generateCertificate(in);
        }
        PrivateKey key = PKCGenerate.GenerateKeyPair().getPrivate();   // a throw-away key: only the time counts
        Path folder = Files.createTempDirectory("ofdrw-bench");
        Path plain = folder.resolve("plain.ofd");
        Path out = folder.resolve("out.ofd");

        double[] draw = rate(runs, () -> draw(lines, plain));
        double[] sign = rate(runs, () -> {
            Files.deleteIfExists(out);
            try (OFDReader reader = new OFDReader(plain); OFDSigner signer = new OFDSigner(reader, out, new NumberFormatAtomicSignID())) {
                signer.setSignMode(SignMode.WholeProtected);
                signer.setSignContainer(new SESV4Container(key, seal, certificate));
                for (int page = 1; page <= 3; page++) {
                    signer.addApPos(new NormalStampPos(page, 150, 120, 42, 42));
                }
                signer.exeSign();
            }
        });
        double[] check = rate(runs, () -> {
            try (OFDReader reader = new OFDReader(sealed); OFDValidator validator = new OFDValidator(reader)) {
                validator.setValidator(new SESV4ValidateContainer());
                validator.exeValidate();
            }
        });
        Files.deleteIfExists(plain);
        Files.deleteIfExists(out);
        Files.delete(folder);
        return String.format(Locale.ROOT, "%.2f\t%.2f\t%.2f\t%.2f", draw[0], sign[0], check[0], check[1]);
    }

    /** Three A4 landscape pages with the licence's lines, in ofdrw's own layout engine. */
    private static void draw(List<String> lines, Path file) throws Exception {
        Files.deleteIfExists(file);
        try (OFDDoc document = new OFDDoc(file)) {
            document.setDefaultPageLayout(new PageLayout(297d, 210d));
            for (int page = 0; page < 3; page++) {
                for (String line : lines) {
                    document.add(new Paragraph(line).setFontSize(5d));
                }
                if (page < 2) {
                    document.add(new org.ofdrw.layout.element.PageAreaFiller());
                }
            }
        }
    }
}
